using System.Text.Json.Nodes;
using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence.Secrets;
using DeployHub.Worker.Containers;
using DeployHub.Worker.Health;

namespace DeployHub.Worker.Engines;

/// <summary>What a restoration ended with.</summary>
/// <param name="ContainerId">The container that serves again; null when none did before.</param>
/// <param name="Recreated">It is a new one, made from the kept inspection, because the former one was gone.</param>
/// <param name="Error">Why it does not serve; null when it does.</param>
public sealed record RestorationResult(string? ContainerId, bool Recreated, DeploymentError? Error);

/// <summary>Makes it so that what stood there before a step stands there again: the very container, its name, its policy, and the same gate.</summary>
public sealed class Restoration(HealthGate gate, ImageSupply images, SecretBox box)
{
    private const string RestoresLabel = "deployhub.restores";

    public async Task<RestorationResult> Run(StepFacts facts, EngineClient engine, CancellationToken ct)
    {
        var step = facts.Step;
        var replaced = step.ToContainerId is { } toId ? await engine.FindContainer(toId, ct) : null;
        var former = step.FromContainerId is { } fromId ? await engine.FindContainer(fromId, ct) ?? await FindRecreated(facts, engine, ct) : null;
        var spent = await Replacement.FindSpent(facts, engine, ct);
        if (facts.Kept is { } kept)
        {
            // The step failed before it had cleared this; it may well have the service's name.
            await FormerContainers.ClearKept(engine, kept, [replaced?.Id, former?.Id, spent?.Id], ct);
        }

        await RefuseStranger(facts, engine, [replaced?.Id, former?.Id, spent?.Id], ct);
        if (spent is not null && spent.Id != replaced?.Id)
        {
            // A stop came between the new container and the end of the one that it was to replace.
            await FormerContainers.Stop(engine, spent, ct);
            await FormerContainers.Remove(engine, spent, former, ct);
        }

        var recreated = former is not null && former.Id != step.FromContainerId;
        if (former is null && step.FromContainerId is not null)
        {
            former = await Recreate(facts, engine, ct);
            recreated = true;
        }

        if (replaced is not null)
        {
            await FormerContainers.Stop(engine, replaced, ct);
            await FormerContainers.GiveName(engine, replaced, facts.FailedName, ct);
        }

        var error = former is null ? null : await BringBack(facts, engine, former, ct);
        if (error is null && replaced is not null)
        {
            await FormerContainers.Remove(engine, replaced, former, ct);
        }

        return new RestorationResult(former?.Id, recreated, error);
    }

    private async Task<DeploymentError?> BringBack(StepFacts facts, EngineClient engine, ContainerInspection former, CancellationToken ct)
    {
        if (facts.Plan.RetriedBy is not null && former.State.Running && (former.State.Health is { Status: "unhealthy" } || former.RestartCount > 0))
        {
            // A former try ended with it like this. The gate would say so once more, before the container had a chance to show that the cause is gone.
            await FormerContainers.Stop(engine, former, ct);
            former = await engine.GetContainer(former.Id, ct);
        }

        await FormerContainers.GiveName(engine, former, facts.Name, ct);
        var policy = FormerState.Policy(facts.Step.FromRestartPolicy ?? "no");
        if (FormerState.PolicyText(former.RestartPolicy) != FormerState.PolicyText(policy))
        {
            await engine.UpdateRestartPolicy(former.Id, policy, ct);
        }

        if (!facts.Step.FromWasRunning)
        {
            return null;
        }

        await using var events = await HealthGate.Listen(engine, former.Id, ct);
        try
        {
            await Starting.Start(engine, former.Id, removeVolumes: false, ct);
        }
        catch (EngineException e) when (!EngineFaults.MayPass(e))
        {
            return await Evidence.Gather(engine, former.Id, EngineFaults.ExplainStart(e, facts.Server.Name, facts.Name), ct);
        }

        var error = await gate.Hold(engine, former.Id, facts.Name, facts.Step.Settings.Health, events, ct);
        return error is null ? null : await Evidence.Gather(engine, former.Id, error, ct);
    }

    // Somebody else put a container there since: it is not ours to remove.
    private static async Task RefuseStranger(StepFacts facts, EngineClient engine, string?[] known, CancellationToken ct)
    {
        var holder = await engine.FindContainer(facts.Name, ct);
        if (holder is not null && !known.Contains(holder.Id))
        {
            throw new StepFailureException(DeploymentErrorCodes.ContainerChanged,
                $"Container «{facts.Name}» on server «{facts.Server.Name}» is {holder.Id[..12]}, which this plan did not put there. It was left alone. Remove or rename it, then start «{facts.FormerName}» under the name «{facts.Name}».");
        }
    }

    private static async Task<ContainerInspection?> FindRecreated(StepFacts facts, EngineClient engine, CancellationToken ct)
    {
        var made = await engine.ListContainers(new Dictionary<string, string[]> { ["label"] = [$"{RestoresLabel}={facts.Step.Id}"] }, all: true, ct);
        return made.Count == 0 ? null : await engine.FindContainer(made[0].Id, ct);
    }

    private async Task<ContainerInspection> Recreate(StepFacts facts, EngineClient engine, CancellationToken ct)
    {
        var step = facts.Step;
        var inspection = JsonNode.Parse(box.Open(step.FromInspection!))!.AsObject();
        var byDigest = $"{facts.Plan.ImageName}@{step.FromDigest}";
        var image = await engine.FindImage(step.FromImageId!, ct) is not null ? step.FromImageId! : byDigest;
        if (image == byDigest && await engine.FindImage(byDigest, ct) is null)
        {
            await images.Pull(facts, engine, byDigest, ct);
        }

        var labels = new Dictionary<string, string>
        {
            [RestoresLabel] = step.Id.ToString(), [StepFacts.ServiceLabel] = step.ServiceName, [StepFacts.DigestLabel] = step.FromDigest!,
        };
        var plan = FormerContainer.Plan(inspection, image, labels);
        var id = await engine.CreateContainer(facts.FormerName, plan.Body, ct);
        foreach (var network in plan.FurtherNetworks)
        {
            await engine.ConnectNetwork(network.Network, id, network.EndpointConfig, ct);
        }

        return await engine.GetContainer(id, ct);
    }
}
