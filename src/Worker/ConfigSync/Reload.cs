using DeployHub.Contracts.ConfigSync;
using DeployHub.Docker;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.ConfigSync;

namespace DeployHub.Worker.ConfigSync;

/// <summary>Tells the service's container of its new file.</summary>
internal static class Reload
{
    private const int DefaultGraceSeconds = 10;

    /// <summary>Refuses a signal that would change nothing: a rename does not reach a container that binds the single file.</summary>
    public static async Task Check(EngineClient engine, SyncFacts facts, string path, CancellationToken ct)
    {
        var target = facts.Target;
        if (target.OnChange == OnChange.Signal
            && await engine.FindContainer(target.ContainerName, ct) is { } container
            && container.Raw["Mounts"]?.AsArray().Any(mount => (string?)mount!["Type"] == "bind" && ((string?)mount["Source"] == path || (string?)mount["Source"] == target.Path)) == true)
        {
            throw new SyncFailureException(SyncErrorCodes.SignalCannotReach,
                $"Container «{target.ContainerName}» on server «{facts.Server.Name}» binds the single file «{target.Path}», and keeps the old one until it is restarted: a signal changes nothing. Set the attachment to restart, or bind the file's folder.");
        }
    }

    /// <summary>The container that is to be told. Null when there is none, or none that runs: it has nothing to reload.</summary>
    public static async Task<ContainerInspection?> FindRunning(EngineClient engine, SyncFacts facts, CancellationToken ct) =>
        facts.Target.OnChange != OnChange.Nothing && await engine.FindContainer(facts.Target.ContainerName, ct) is { State.Running: true } container ? container : null;

    /// <summary>The container that was told before, to be told again; one that is to be restarted ran then, and has to run again.</summary>
    public static async Task<ContainerInspection?> FindTold(EngineClient engine, SyncFacts facts, CancellationToken ct) =>
        facts.Target.OnChange == OnChange.Restart ? await engine.FindContainer(facts.Target.ContainerName, ct) : await FindRunning(engine, facts, ct);

    public static async Task Run(EngineClient engine, SyncFacts facts, ContainerInspection container, CancellationToken ct)
    {
        var target = facts.Target;
        try
        {
            if (target.OnChange == OnChange.Signal)
            {
                await engine.KillContainer(container.Id, target.Signal ?? "SIGHUP", ct);
            }
            else
            {
                var grace = (int?)container.Raw["Config"]?["StopTimeout"] ?? DefaultGraceSeconds;
                await engine.RestartContainer(container.Id, TimeSpan.FromSeconds(Math.Max(0, grace)), ct);
            }
        }
        catch (EngineException e) when (e is EngineConflictException or EngineNotFoundException)
        {
            // It ended or was removed at this moment: whatever comes up next reads the new file.
        }
        catch (EngineException e) when (e is EngineServerException or EngineBadRequestException)
        {
            throw new SyncFailureException(SyncErrorCodes.ReloadFailed,
                $"«{target.Path}» is in place, but container «{target.ContainerName}» on server «{facts.Server.Name}» could not be {(target.OnChange == OnChange.Signal ? "signalled" : "restarted")}. {e.Message}");
        }
    }
}
