using System.Text.Json.Nodes;
using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence.Secrets;

namespace DeployHub.Worker.Engines;

/// <summary>What stood there before a step, and the ways to put it aside: every act is by id, and does only what is missing.</summary>
public sealed class FormerContainers(SecretBox box)
{
    private const int DefaultGraceSeconds = 10;

    /// <summary>
    /// The container that the step has to be able to bring back. Usually the one that has the service's name; but where an earlier plan
    /// failed and was kept, the one that had been proven before it.
    /// </summary>
    public async Task<Former> Find(StepFacts facts, EngineClient engine, CancellationToken ct)
    {
        // Recorded once it stays so, whatever stands there by now: what a later look finds may be half done.
        if (facts.Step is { Touched: true } step)
        {
            return new Former(
                step.FromContainerId is null ? null : await engine.FindContainer(step.FromContainerId, ct),
                step.FromInspection is null ? null : JsonNode.Parse(box.Open(step.FromInspection))!.AsObject(),
                new FormerState(step.FromContainerId, step.FromDigest, step.FromImageId, step.FromRestartPolicy, step.FromWasRunning, step.FromInspection));
        }

        if (facts.Kept is { Status: StepStatus.Failed or StepStatus.RollbackFailed } kept)
        {
            // Its restart policy was taken from it then: what counts is its inspection of that time.
            var proven = kept.FromContainerId is { } id ? await engine.FindContainer(id, ct) : null;
            return proven is null || kept.FromInspection is null
                ? Former.Nothing
                : new Former(
                    proven, JsonNode.Parse(box.Open(kept.FromInspection))!.AsObject(),
                    new FormerState(proven.Id, kept.FromDigest, kept.FromImageId, kept.FromRestartPolicy, kept.FromWasRunning, kept.FromInspection));
        }

        if (await engine.FindContainer(facts.Name, ct) is not { } container)
        {
            return Former.Nothing;
        }

        var digest = container.Labels.TryGetValue(StepFacts.DigestLabel, out var label)
            ? label
            : await engine.FindImage(container.Image, ct) is { } image ? ImageSupply.DigestOf(image, facts.Plan.ImageName) : container.Image;
        return new Former(container, container.Raw, new FormerState(
            container.Id, digest, container.Image, FormerState.PolicyText(container.RestartPolicy),
            container.State.Running || container.State.Restarting, box.Seal(container.Raw.ToJsonString())));
    }

    /// <summary>Takes the restart policy away and stops it, within the grace that the container itself asks for.</summary>
    public static async Task Stop(EngineClient engine, ContainerInspection container, CancellationToken ct)
    {
        var stays = container.RestartPolicy.Name is not ("" or "no") && !await TryTakePolicy(engine, container, ct);
        if (container.State.Running || container.State.Restarting)
        {
            var grace = container.Raw["Config"]?["StopTimeout"]?.GetValue<int>() ?? DefaultGraceSeconds;
            await engine.StopContainer(container.Id, TimeSpan.FromSeconds(grace), ct);
        }

        if (stays)
        {
            await engine.UpdateRestartPolicy(container.Id, new RestartPolicy("no"), ct);
        }
    }

    // Before the stop, so that an engine which starts again in between does not start the container. One in a crash loop may be just between two
    // of its starts, which an engine refuses as «cannot update a stopped container»: that one is stopped first.
    private static async Task<bool> TryTakePolicy(EngineClient engine, ContainerInspection container, CancellationToken ct)
    {
        try
        {
            await engine.UpdateRestartPolicy(container.Id, new RestartPolicy("no"), ct);
            return true;
        }
        catch (EngineServerException)
        {
            return false;
        }
    }

    public static async Task GiveName(EngineClient engine, ContainerInspection container, string name, CancellationToken ct)
    {
        if (container.Name != name)
        {
            await engine.RenameContainer(container.Id, name, ct);
        }
    }

    /// <summary>Removes it, and the anonymous volumes that it alone had made; those of <paramref name="kept"/> stay.</summary>
    public static async Task Remove(EngineClient engine, ContainerInspection container, ContainerInspection? kept, CancellationToken ct)
    {
        var own = AnonymousVolumes(container).Except(kept is null ? [] : AnonymousVolumes(kept)).ToList();
        await engine.RemoveContainer(container.Id, force: true, removeVolumes: false, ct);
        foreach (var volume in own)
        {
            try
            {
                await engine.RemoveVolume(volume, ct);
            }
            catch (EngineException e) when (e is EngineConflictException or EngineNotFoundException)
            {
                // Another container uses it by now, or it is gone: either way it is not ours to remove.
            }
        }
    }

    /// <summary>
    /// Clears what an earlier plan kept on this target: where its step had failed, the failed container; where it had succeeded, the one
    /// that it had replaced. Its proven container stays, and so does whatever <paramref name="inUse"/> names: what this step needs is never removed.
    /// </summary>
    public static async Task ClearKept(EngineClient engine, DeploymentStep kept, IReadOnlyCollection<string?> inUse, CancellationToken ct)
    {
        var proven = kept.Status == StepStatus.Success ? kept.ToContainerId : kept.FromContainerId;
        foreach (var id in new[] { kept.Status == StepStatus.Success ? kept.FromContainerId : kept.ToContainerId, kept.SpentContainerId }.OfType<string>().Distinct())
        {
            if (!inUse.Contains(id) && await engine.FindContainer(id, ct) is { } spent)
            {
                await Stop(engine, spent, ct);
                await Remove(engine, spent, proven is null ? null : await engine.FindContainer(proven, ct), ct);
            }
        }
    }

    private static IEnumerable<string> AnonymousVolumes(ContainerInspection container) =>
        (container.Raw["Mounts"]?.AsArray() ?? [])
            .Where(mount => mount?["Type"]?.GetValue<string>() == "volume")
            .Select(mount => mount?["Name"]?.GetValue<string>() ?? "")
            .Where(name => name.Length == 64 && name.All(char.IsAsciiHexDigitLower));
}
