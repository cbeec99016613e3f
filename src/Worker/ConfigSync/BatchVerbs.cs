using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Streams;
using DeployHub.Persistence.Work;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.ConfigSync;

/// <summary>The verbs of the machine that begin and end a batch. They write rows; the message's transaction commits them with the saga's.</summary>
internal static class BatchVerbs
{
    public static EventActivityBinder<ConfigSyncState, T> Open<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var batch = await context.Batch();
            context.Saga.RollbackOnFailure = batch.RollbackOnFailure;
            context.Saga.Total = await context.Pending().CountAsync(context.CancellationToken);
            context.Saga.Failed = await context.Db().SyncOperations.CountAsync(
                x => x.BatchId == batch.Id && x.Status == OperationStatus.Failed, context.CancellationToken);
        });

    /// <summary>Sees to it that the preparation is under way. One whose report was lost is done again: it changes nothing.</summary>
    public static EventActivityBinder<ConfigSyncState, T> EnsurePreparation<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var id = (await context.Batch()).Id;
            await context.EnsureWork(StepAct.SyncPrepare, new PrepareSyncBatch(id));
        });

    public static EventActivityBinder<ConfigSyncState, T> TakeTargets<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            // The sweep looks at what it has not seen for longest: a batch that waits must not stand before others for ever.
            await context.Batch();
            context.Saga.HoldsTargets = !context.Saga.Stopped && await context.Db().TryTake(context.Saga.CorrelationId, context.CancellationToken);
        });

    public static EventActivityBinder<ConfigSyncState, T> RecordQueued<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var batch = await context.Batch();
            batch.Status = context.Saga.Stopped ? batch.Status : BatchStatus.Queued;
            context.SetDeadline(SyncTimes.LongestWait);
        });

    public static EventActivityBinder<ConfigSyncState, T> Begin<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var batch = await context.Batch();
            batch.Status = BatchStatus.Running;
            batch.StartedAt ??= DateTime.UtcNow;

            // The preparation may have failed some.
            context.Saga.Total = await context.Pending().CountAsync(context.CancellationToken);
            await context.CallDeadlineOff();
            context.SetDeadline(SyncTimes.Batch(context.Saga.Total));
        });

    public static EventActivityBinder<ConfigSyncState, T> RecordDeadline<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var batch = await context.Batch();
            var message = !context.Saga.HoldsTargets
                ? $"The batch waited {SyncTimes.LongestWait.TotalHours} hours for others that hold its files or containers. Look at what they wait for, then submit it again."
                : "The batch used up its time before all its files were written. Look at the target that took long, then submit it again.";
            batch.Error ??= new SyncError(SyncErrorCodes.DeadlineExceeded, message);
            await context.CallDeadlineOff();
        });

    public static EventActivityBinder<ConfigSyncState, T> BeginRestoring<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            (await context.Batch()).Status = BatchStatus.RollingBack;
            context.Saga.NextOrder = int.MaxValue;
            if (context.Saga.GoesBack is true)
            {
                // As if the rollback had not come to these yet.
                var targets = context.Db().SyncTargets.Where(x => x.BatchId == context.Saga.CorrelationId && x.Status == TargetStatus.RestoreFailed);
                await context.Db().TellTargets(targets, context.CancellationToken);
                await targets.ExecuteUpdateAsync(
                    set => set.SetProperty(x => x.Status, TargetStatus.Running).SetProperty(x => x.Error, (SyncError?)null).SetProperty(x => x.Counted, SyncAct.Write),
                    context.CancellationToken);
                await context.Db().SyncOperations.Where(x => x.BatchId == context.Saga.CorrelationId && x.Status == OperationStatus.RollbackFailed).ExecuteUpdateAsync(
                    set => set.SetProperty(x => x.Status, OperationStatus.Running).SetProperty(x => x.Error, (SyncError?)null), context.CancellationToken);
            }

            await context.CallDeadlineOff();
        });

    /// <summary>Skips what was never begun, says of each operation and of the batch how it ended, and lets the next one have the targets.</summary>
    public static EventActivityBinder<ConfigSyncState, T> EndBatch<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var (db, batch, ct) = (context.Db(), await context.Batch(), context.CancellationToken);
            await db.TellTargets(context.Pending(), ct);
            await context.Pending().ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, TargetStatus.Skipped), ct);
            var targets = (await db.SyncTargets.AsNoTracking().Where(x => x.BatchId == batch.Id).Rows().ToListAsync(ct)).ToLookup(x => x.OperationId);
            var operations = await db.SyncOperations.Where(x => x.BatchId == batch.Id).OrderBy(x => x.Index).ToListAsync(ct);
            operations.ForEach(x => x.Settle([.. targets[x.Id]], ended: true));

            var restored = targets.Any(x => x.Any(target => target.Status == TargetStatus.Restored));
            batch.Status = Outcomes.Batch([.. operations.Select(x => x.Status)], batch.CancelRollback ?? batch.RollbackOnFailure, restored, context.Saga.Stopped);
            batch.Error ??= operations.Find(x => x.Error is not null)?.Error;
            batch.CompletedAt = DateTime.UtcNow;
            await context.CallDeadlineOff();
            context.Announce(batch, batch.Status switch
            {
                BatchStatus.Ok => new SyncBatchCompleted(context.Facts(batch)),
                BatchStatus.Cancelled => new SyncBatchCancelled(context.Facts(batch), batch.CancelledBy!),
                BatchStatus.RolledBack => new SyncBatchRolledBack(context.Facts(batch), batch.Error),
                _ => new SyncBatchFailed(context.Facts(batch), Contracts.Wire.WireWords.Word(batch.Status), batch.Error),
            });
            context.Saga.HoldsTargets = false;
            await db.GiveBack(batch.Id, ct);
        });

    /// <summary>Has the helpers removed; nobody waits for it.</summary>
    public static EventActivityBinder<ConfigSyncState, T> EnsureCleanUp<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var id = (await context.Batch()).Id;
            await context.EnsureWork(StepAct.SyncCleanUp, new CleanUpSyncBatch(id));
        });

    /// <summary>The operation as its targets have it. One that failed when the batch was accepted stays failed.</summary>
    public static void Settle(this SyncOperation operation, IReadOnlyCollection<TargetRow> targets, bool ended)
    {
        if (targets.Count == 0)
        {
            operation.Status = operation.Status == OperationStatus.Pending && ended ? OperationStatus.Skipped : operation.Status;
            return;
        }

        operation.Error ??= targets.OrderBy(x => x.Order).FirstOrDefault(x => x.Error is not null)?.Error;
        operation.Status = Outcomes.Operation([.. targets.Select(x => (x.Status, x.Error is not null))], ended);
    }

    public static IQueryable<TargetRow> Rows(this IQueryable<SyncTarget> targets) => targets.Select(x => new TargetRow(
        x.Id, x.OperationId, x.OperationIndex, x.ConfigFileId, x.Order, x.ServerId, x.ServerName, x.Path, x.FromHash, x.ToHash, x.Touched, x.Status, x.Error, x.Counted));

    private static IQueryable<SyncTarget> Pending(this SagaConsumeContext<ConfigSyncState> context)
    {
        var id = context.Saga.CorrelationId;
        return context.Db().SyncTargets.Where(x => x.BatchId == id && x.Status == TargetStatus.Pending);
    }

    private static async Task EnsureWork(this SagaConsumeContext<ConfigSyncState> context, StepAct act, object command)
    {
        var (db, id) = (context.Db(), context.Saga.CorrelationId);
        if (!await db.WorkItems.AnyAsync(x => x.SubjectId == id && x.Act == act, context.CancellationToken))
        {
            db.AddWork(act, id, id);
            db.Send(Queues.Steps, id, command);
        }
    }
}
