using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Streams;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.ConfigSync;

/// <summary>The verbs of the machine that stop a batch and that go on with one. What is wanted stands in the batch's row; the message only wakes.</summary>
internal static class StopVerbs
{
    /// <summary>Reads whether the batch is to stop.</summary>
    public static EventActivityBinder<ConfigSyncState, T> LookForStop<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(context => context.Batch());

    /// <summary>Takes the preparation out of its worker's hands: its result will find no lease.</summary>
    public static EventActivityBinder<ConfigSyncState, T> CallPreparationOff<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(context => context.Db().WorkItems.Where(x => x.SubjectId == context.Saga.CorrelationId && x.Act == StepAct.SyncPrepare)
            .ExecuteDeleteAsync(context.CancellationToken));

    /// <summary>It was asked to go on with the batch: the mark holds where the command was lost, and a stray command has none.</summary>
    public static async Task<bool> RetryAccepted<T>(BehaviorContext<ConfigSyncState, T> context) where T : class =>
        (await context.Batch()).Status == BatchStatus.Pending;

    /// <summary>It was to go on, and was cancelled before it did.</summary>
    public static async Task<bool> RetryCancelled<T>(BehaviorContext<ConfigSyncState, T> context) where T : class =>
        (await context.Batch()).Status == BatchStatus.Cancelling;

    /// <summary>The report is on the preparation that was asked for last: one of a former try may still be on its way.</summary>
    public static async Task<bool> PreparationEnded<T>(BehaviorContext<ConfigSyncState, T> context) where T : class =>
        (await context.Batch()).RetriedBy is null
        || !await context.Db().WorkItems.AnyAsync(x => x.SubjectId == context.Saga.CorrelationId && x.Act == StepAct.SyncPrepare, context.CancellationToken);

    /// <summary>
    /// Makes what did not succeed as new, and counts where the batch stands. One that could not bring everything back goes on with that; any
    /// other goes on writing. What a former try has put on a host, and the snapshot of what was there before it, are kept.
    /// </summary>
    public static EventActivityBinder<ConfigSyncState, T> OpenAgain<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var (db, saga, ct) = (context.Db(), context.Saga, context.CancellationToken);
            var targets = db.SyncTargets.Where(x => x.BatchId == saga.CorrelationId);
            saga.GoesBack = await targets.AnyAsync(x => x.Status == TargetStatus.RestoreFailed, ct);
            if (saga.GoesBack is not true)
            {
                var again = targets.Where(x => x.Status == TargetStatus.Failed || x.Status == TargetStatus.Skipped);
                await db.TellTargets(again, ct);
                await again.ExecuteUpdateAsync(
                    set => set
                        .SetProperty(x => x.Status, TargetStatus.Pending)
                        .SetProperty(x => x.Error, (SyncError?)null)
                        .SetProperty(x => x.Counted, (SyncAct?)null)
                        .SetProperty(x => x.Attempts, 0)
                        .SetProperty(x => x.StartedAt, (DateTime?)null)
                        .SetProperty(x => x.CompletedAt, (DateTime?)null)
                        .SetProperty(x => x.DeadlineAt, (DateTime?)null),
                    ct);
                await db.SyncOperations.Where(x => x.BatchId == saga.CorrelationId && targets.Any(target => target.OperationId == x.Id)).ExecuteUpdateAsync(
                    set => set.SetProperty(x => x.Error, (SyncError?)null).SetProperty(x => x.Status, x => x.Status == OperationStatus.Ok ? x.Status : OperationStatus.Pending), ct);
            }

            saga.Total = await targets.CountAsync(x => x.Status == TargetStatus.Pending, ct);
            saga.Touched = await targets.CountAsync(x => x.Touched, ct);
            saga.Failed = await db.SyncOperations.CountAsync(x => x.BatchId == saga.CorrelationId && x.Status == OperationStatus.Failed, ct);
            (saga.InFlight, saga.NextOrder, saga.NotRestored) = (0, 0, 0);
        });
}
