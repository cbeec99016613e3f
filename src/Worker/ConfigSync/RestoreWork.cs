using DeployHub.Contracts.ConfigSync;
using DeployHub.Worker.Engines;
using DeployHub.Worker.Work;

namespace DeployHub.Worker.ConfigSync;

/// <summary>Takes one target back: the host holds what it held before, or the target says what an operator has to do.</summary>
public sealed class RestoreWork(SyncRows rows, EngineClients engines, Restoring restoring) : IStepWork
{
    public async Task Run(WorkClaim claim, CancellationToken lease)
    {
        SyncFacts facts;
        try
        {
            facts = await rows.Begin(claim, SyncTimes.Restore, lease);
        }
        catch (SyncFailureException e)
        {
            await rows.NotRestored(claim, await rows.BatchOf(claim.SubjectId, lease), Explain(claim.SubjectId, "a file", e.Error), lease);
            return;
        }

        var failure = await SyncPatience.Run(
            _ => restoring.Run(facts, engines.For(facts.Server.Endpoint), lease),
            _ => facts.Target.DeadlineAt!.Value,
            engines.Circuit(facts.Server.Endpoint),
            facts.Server.Name,
            lease);
        if (failure is null)
        {
            await rows.Restored(claim, facts, lease);
        }
        else
        {
            await rows.NotRestored(claim, facts.Target.BatchId, Explain(claim.SubjectId, $"«{facts.Target.Path}» on server «{facts.Server.Name}»", failure.Error), lease);
        }
    }

    public async Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease) =>
        await rows.NotRestored(claim, await rows.BatchOf(claim.SubjectId, lease), Explain(claim.SubjectId, "The file", SyncFaults.Unforeseen(problem)), lease);

    // The operator reads this at night: what stands where, and what to do.
    private static SyncError Explain(Guid targetId, string what, SyncError error) => new(SyncErrorCodes.RestoreFailed, error.Code == SyncErrorCodes.ReloadFailed
        ? $"{what} holds again what was there before, but its container may not run, or not with that. {error.Message} Look at the container, and restart it by hand."
        : $"{what} could not be brought back to what was there before. {error.Message} "
        + $"The snapshot is kept, encrypted, in column snapshot of table sync_targets, row {targetId} (null there: nothing was there before, so remove the file). "
        + "Look at the file on the host, put it right by hand, then sync again.");
}
