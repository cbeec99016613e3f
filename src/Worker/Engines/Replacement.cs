using System.Text.Json.Nodes;
using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Deployments;
using DeployHub.Worker.Containers;
using DeployHub.Worker.Health;
using DeployHub.Worker.Work;

namespace DeployHub.Worker.Engines;

/// <summary>
/// Makes it so that the plan's image serves under the service's name. Each part looks at what stands there and does what is missing, so a
/// try that a crash cut off is simply made again. The former container is only stopped and renamed: it is removed when the plan has ended well.
/// </summary>
public sealed class Replacement(ImageSupply images, FormerContainers formers, HealthGate gate, ContainerLog log, StepRows rows)
{
    /// <summary>Null when the new container serves, else why not. Throws <see cref="StepFailureException"/> for what was found before any change.</summary>
    public async Task<DeploymentError?> Run(WorkClaim claim, StepFacts facts, EngineClient engine, bool again, CancellationToken ct)
    {
        var image = await Supply(claim, facts, engine, ct);
        var created = again || facts.Step.Attempts > 1 ? await FindNew(facts, engine, ct) : null;
        var (newId, formerId) = facts.Step.TouchedNow && created is not null
            ? (created.Id, facts.Step.FromContainerId)
            : await Prepare(claim, facts, engine, image, created, ct);

        var listening = HealthGate.Listen(engine, newId, ct);
        try
        {
            await StandDown(facts, engine, formerId, newId, ct);
            var container = await engine.GetContainer(newId, ct);
            await FormerContainers.GiveName(engine, container, facts.Name, ct);
            await using var events = await listening;
            await Start(facts, engine, newId, ct);
            var error = await Verify(claim, facts, engine, container, events, ct);
            return error is null ? null : await Evidence.Gather(engine, newId, error, ct);
        }
        finally
        {
            await Close(listening);
        }
    }

    /// <summary>Removes a new container that never took over, after a failure that touched nothing else.</summary>
    public async Task Withdraw(StepFacts facts, EngineClient engine, CancellationToken ct)
    {
        if (await FindNew(facts, engine, ct) is { } container)
        {
            await engine.RemoveContainer(container.Id, force: true, removeVolumes: true, ct);
        }
    }

    /// <summary>The container that this try of the step made, found by its label.</summary>
    private static async Task<ContainerSummary?> FindNew(StepFacts facts, EngineClient engine, CancellationToken ct)
    {
        var made = await engine.ListContainers(new Dictionary<string, string[]> { ["label"] = [$"{StepFacts.StepLabel}={facts.Step.Id}"] }, all: true, ct);
        return made.FirstOrDefault(x => x.Id != facts.Step.SpentContainerId);
    }

    // A pull may take long, and nothing is lost by breaking it off.
    private async Task<ImageInspection> Supply(WorkClaim claim, StepFacts facts, EngineClient engine, CancellationToken ct)
    {
        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(ct, facts.Step.TouchedNow ? CancellationToken.None : claim.Stop.BeforeTouch);
        return await images.Get(facts, engine, wanted.Token);
    }

    private async Task<DeploymentError?> Verify(
        WorkClaim claim, StepFacts facts, EngineClient engine, ContainerInspection container, EngineEventStream events, CancellationToken ct)
    {
        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(ct, claim.Stop.Anywhere);
        var phase = rows.SetPhase(claim, facts.Plan.Id, StepPhase.Verifying, ct);
        try
        {
            return await log.Follow(
                facts, engine, container, () => gate.Hold(engine, container.Id, facts.Name, facts.Step.Settings.Health, events, wanted.Token), ct);
        }
        finally
        {
            await phase;
        }
    }

    // All that can be known to fail fails here, while the former container serves.
    private async Task<(string NewId, string? FormerId)> Prepare(
        WorkClaim claim, StepFacts facts, EngineClient engine, ImageInspection image, ContainerSummary? created, CancellationToken ct)
    {
        var former = await formers.Find(facts, engine, ct);
        var plan = await Plan(facts, engine, former, image, ct);
        if (created is null)
        {
            await RefuseTakenPorts(facts, engine, plan, former.Container?.Id, ct);
        }

        if (created is null && await FindSpent(facts, engine, ct) is { } spent && spent.Name == facts.NameBefore)
        {
            await FormerContainers.GiveName(engine, spent, facts.FailedName, ct);
        }

        var newId = created?.Id ?? await Create(facts, engine, plan, ct);
        await rows.Touch(claim, facts, former.State, newId, ct);
        return (newId, former.Container?.Id);
    }

    private static async Task<ContainerPlan> Plan(StepFacts facts, EngineClient engine, Former former, ImageInspection image, CancellationToken ct)
    {
        var settings = facts.Step.Settings;
        if (former.Inspection is not null && AdoptedContainer.Obstacle(former.Inspection) is { } obstacle)
        {
            throw new StepFailureException(DeploymentErrorCodes.ContainerAutoRemoves, $"Container «{facts.Name}» on server «{facts.Server.Name}» cannot be replaced: {obstacle}");
        }

        if (!settings.Adopt)
        {
            RefuseNoCommand(facts, image, settings.Container!.Command is { Count: > 0 } || settings.Container.Entrypoint is { Count: > 0 });
            return DeclaredContainer.Plan(settings.Container, facts.Image, facts.Labels);
        }

        if (former is not { Container: { } container, Inspection: { } inspection })
        {
            throw new StepFailureException(DeploymentErrorCodes.ContainerNotFound,
                $"There is no container «{facts.Name}» on server «{facts.Server.Name}» to adopt. Start it once by hand, or declare how it is made.");
        }

        var formerImage = await engine.FindImage(container.Image, ct) ?? throw new StepFailureException(DeploymentErrorCodes.ImageNotFound,
            $"The image {container.Image} that container «{facts.Name}» runs is not on server «{facts.Server.Name}» any more, so what is the container's own cannot be told from what is its image's. Declare how it is made.");
        var plan = AdoptedContainer.Plan(inspection, formerImage.Config, facts.Image, facts.Labels);
        RefuseNoCommand(facts, image, plan.Body["Cmd"] is JsonArray { Count: > 0 } || plan.Body["Entrypoint"] is JsonArray { Count: > 0 });
        return plan;
    }

    private static void RefuseNoCommand(StepFacts facts, ImageInspection image, bool hasOwn)
    {
        if (!hasOwn && image.Cmd.Count == 0 && image.Entrypoint.Count == 0)
        {
            throw new StepFailureException(DeploymentErrorCodes.NoCommand,
                $"Image {facts.Image} names no program to run (no CMD, no ENTRYPOINT), and service «{facts.Step.ServiceName}» declares no command.");
        }
    }

    private static async Task RefuseTakenPorts(StepFacts facts, EngineClient engine, ContainerPlan plan, string? formerId, CancellationToken ct)
    {
        var wanted = PublishedPorts.Of(plan.Body);
        if (wanted.Count == 0)
        {
            return;
        }

        var kept = facts.Step.SpentContainerId ?? (facts.Kept is { Status: StepStatus.Failed } ? facts.Kept.ToContainerId : null);
        var running = await engine.ListContainers(null, all: false, ct);
        foreach (var other in running.Where(other => other.Id != formerId && other.Id != kept))
        {
            if (wanted.FirstOrDefault(port => PublishedPorts.Collides(port, other)) is { } port)
            {
                throw new StepFailureException(DeploymentErrorCodes.PortTaken,
                    $"Port {port.Port}/{port.Protocol} of server «{facts.Server.Name}» is taken by container «{other.Names.FirstOrDefault()?.TrimStart('/')}», and service «{facts.Step.ServiceName}» publishes it. Free it, or publish another.");
            }
        }
    }

    private static async Task<string> Create(StepFacts facts, EngineClient engine, ContainerPlan plan, CancellationToken ct)
    {
        try
        {
            var id = await engine.CreateContainer(facts.NameBefore, plan.Body, ct);
            foreach (var network in plan.FurtherNetworks)
            {
                await engine.ConnectNetwork(network.Network, id, network.EndpointConfig, ct);
            }

            return id;
        }
        catch (EngineException e) when (!EngineFaults.MayPass(e))
        {
            throw new StepFailureException(DeploymentErrorCodes.ContainerRefused,
                $"Server «{facts.Server.Name}» refused the container of service «{facts.Step.ServiceName}». {e.Message} Nothing was changed; correct the service's settings.");
        }
    }

    // What an engine starts by itself after a crash must be the one that should serve: the former one's policy goes before it is stopped.
    private static async Task StandDown(StepFacts facts, EngineClient engine, string? formerId, string newId, CancellationToken ct)
    {
        if (facts.Kept is { } kept)
        {
            await FormerContainers.ClearKept(engine, kept, [newId, formerId], ct);
        }

        var former = formerId is null ? null : await engine.FindContainer(formerId, ct);
        if (await FindSpent(facts, engine, ct) is { } spent)
        {
            await FormerContainers.Stop(engine, spent, ct);
            await FormerContainers.Remove(engine, spent, former, ct);
        }

        if (former is not null)
        {
            await FormerContainers.Stop(engine, former, ct);
            await FormerContainers.GiveName(engine, former, facts.FormerName, ct);
        }
    }

    /// <summary>What a former try of this step left there.</summary>
    internal static async Task<ContainerInspection?> FindSpent(StepFacts facts, EngineClient engine, CancellationToken ct) =>
        facts.Step.SpentContainerId is { } id ? await engine.FindContainer(id, ct) : null;

    private static async Task Start(StepFacts facts, EngineClient engine, string newId, CancellationToken ct)
    {
        try
        {
            await Starting.Start(engine, newId, removeVolumes: true, ct);
        }
        catch (EngineException e) when (!EngineFaults.MayPass(e))
        {
            throw new StepFailureException(await Evidence.Gather(engine, newId, EngineFaults.ExplainStart(e, facts.Server.Name, facts.Name), ct));
        }
    }

    private static async Task Close(Task<EngineEventStream> listening)
    {
        try
        {
            await (await listening).DisposeAsync();
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException)
        {
            // It never opened, and what failed beside it is what is reported.
        }
    }
}
