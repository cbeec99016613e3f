using DeployHub.Contracts.Deployments;
using DeployHub.Docker;

namespace DeployHub.Worker.Health;

/// <summary>What a failed container leaves behind for the one who has to understand it.</summary>
public static class Evidence
{
    private const int LogLines = 50;
    private const int LogBytes = 16 * 1024;
    private const int HealthBytes = 4 * 1024;

    /// <summary>The error with exit code, last health output and log tail added, as far as the engine still gives them.</summary>
    public static async Task<DeploymentError> Gather(EngineClient engine, string containerId, DeploymentError error, CancellationToken ct)
    {
        try
        {
            var container = await engine.FindContainer(containerId, ct);
            if (container?.State.StartedAt is null)
            {
                return error;
            }

            var log = await engine.GetLogs(containerId, LogLines, LogBytes, ct);
            var health = error.Health ?? container.State.Health?.Log.LastOrDefault()?.Output;
            return error with
            {
                ExitCode = container.State.Running && !container.State.Restarting ? error.ExitCode : container.State.ExitCode,
                Health = health is { Length: > HealthBytes } ? health[^HealthBytes..] : health,
                LogTail = log.Length > 0 ? log : null,
            };
        }
        catch (EngineException e)
        {
            return error with { LogTail = $"(the log could not be read: {e.Message})" };
        }
    }
}
