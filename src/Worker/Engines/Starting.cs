using DeployHub.Docker;

namespace DeployHub.Worker.Engines;

/// <summary>Starts containers that DeployHub can make again.</summary>
internal static class Starting
{
    /// <summary>
    /// Starts a container. An engine that was killed as it started one may keep a remnant of that start, by which it refuses this container for
    /// ever, over its own restarts too: the container is removed then, and the fault is one that may pass, because the next try makes another.
    /// </summary>
    /// <param name="engine">Its engine.</param>
    /// <param name="id">Its id.</param>
    /// <param name="removeVolumes">Whether its anonymous volumes go with it.</param>
    /// <param name="ct">Ends the call.</param>
    /// <exception cref="EngineResponseLostException">Also when it was removed: look at what stands there, and go on from it.</exception>
    public static async Task Start(EngineClient engine, string id, bool removeVolumes, CancellationToken ct)
    {
        try
        {
            await engine.StartContainer(id, ct);
        }
        catch (EngineException e) when (IsRemnant(e, id))
        {
            await engine.RemoveContainer(id, force: true, removeVolumes, ct);
            throw new EngineResponseLostException($"{e.Message} The engine was ended while it started this container; the container is made again.", e);
        }
    }

    // Seen with dockerd 20.10 and 28 over containerd 1.6: of a task that has a shim but was never begun, and of one that was. With 20.10: of one that has
    // no more than its folder.
    private static bool IsRemnant(EngineException e, string id) =>
        e.Message.Contains($"task {id}: already exists", StringComparison.Ordinal) || e.Message.Contains("id already in use", StringComparison.Ordinal)
        || e.Message.Contains($"/{id}: file exists", StringComparison.Ordinal);
}
