using DeployHub.Contracts.ConfigSync;
using DeployHub.Docker;
using DeployHub.Worker.Deployments;
using DeployHub.Worker.Engines;

namespace DeployHub.Worker.ConfigSync;

/// <summary>A try at a target and how it failed, with the same patience as a deployment's step has.</summary>
internal static class SyncPatience
{
    private const int MostSurprises = 5;

    /// <summary>Null when it was done, else what it failed with.</summary>
    /// <param name="attempt">One try, from what stands there.</param>
    /// <param name="deadline">Until when an engine that is away is waited for, given when it first was.</param>
    /// <param name="engine">Not tried while the engine is known not to answer.</param>
    /// <param name="server">For the error.</param>
    /// <param name="ct">Ends the waiting too.</param>
    /// <param name="before">Done before each try, also before one that does not come about because the engine is known not to answer.</param>
    public static async Task<SyncFailureException?> Run(
        Func<bool, Task> attempt, Func<DateTime, DateTime> deadline, EngineCircuit engine, string server, CancellationToken ct, Func<Task>? before = null)
    {
        SyncFailureException? failure = null;
        var surprises = 0;
        var away = await Patience.Run(
            async again =>
            {
                try
                {
                    await attempt(again);
                }
                catch (SyncFailureException e)
                {
                    failure = e;
                }
                catch (EngineException e) when (e is EngineNotFoundException or EngineConflictException && ++surprises < MostSurprises)
                {
                    // Somebody removed or stopped the helper: look again, and make it again.
                    throw new EngineResponseLostException(e.Message, e);
                }
                catch (EngineException e) when (e is not (EngineUnreachableException or EngineResponseLostException))
                {
                    failure = new SyncFailureException(SyncFaults.Explain(e, server));
                }

                return null;
            },
            deadline,
            engine,
            server,
            ct,
            before);
        return failure ?? (away is null ? null : new SyncFailureException(SyncErrorCodes.EngineUnreachable, away.Message));
    }
}
