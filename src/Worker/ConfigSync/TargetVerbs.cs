using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Work;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.ConfigSync;

/// <summary>The verbs of the machine that send targets out, a window at a time, and count what comes back, each report once.</summary>
internal static class TargetVerbs
{
    public static EventActivityBinder<ConfigSyncState, T> SendNextTargets<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var saga = context.Saga;
            if (saga.Stopped)
            {
                return;
            }

            var next = await context.Db().SyncTargets.Where(x => x.BatchId == saga.CorrelationId && x.Order >= saga.NextOrder && x.Status == TargetStatus.Pending)
                .OrderBy(x => x.Order).Select(x => new { x.Id, x.Order }).Take(SyncTimes.TargetsAtOnce - saga.InFlight).ToListAsync(context.CancellationToken);
            saga.NextOrder = next.Count > 0 ? next[^1].Order + 1 : saga.NextOrder;
            context.SendWork(StepAct.SyncWrite, next.ConvertAll(x => x.Id), id => new SyncConfigFile(saga.CorrelationId, id));
        });

    public static EventActivityBinder<ConfigSyncState, T> SendNextRestores<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var saga = context.Saga;
            var next = await context.Db().SyncTargets.Where(x => x.BatchId == saga.CorrelationId && x.Order < saga.NextOrder && x.Touched && x.Status != TargetStatus.Restored)
                .OrderByDescending(x => x.Order).Select(x => new { x.Id, x.Order }).Take(SyncTimes.TargetsAtOnce - saga.InFlight).ToListAsync(context.CancellationToken);
            saga.NextOrder = next.Count > 0 ? next[^1].Order : saga.NextOrder;
            context.SendWork(StepAct.SyncRestore, next.ConvertAll(x => x.Id), id => new RestoreConfigFile(saga.CorrelationId, id));
        });

    public static EventActivityBinder<ConfigSyncState, TargetSynced> RecordSynced(this EventActivityBinder<ConfigSyncState, TargetSynced> binder) =>
        binder.ThenAsync(context => context.CountOnce(context.Message.TargetId, SyncAct.Write, [TargetStatus.Written, TargetStatus.Unchanged], (batch, target) =>
        {
            context.Saga.Done++;
            context.Saga.Touched += target.Touched ? 1 : 0;
            context.Announce(batch, new ConfigFileSynced(context.Facts(batch), target.Facts()));
        }));

    public static EventActivityBinder<ConfigSyncState, TargetFailed> RecordFailed(this EventActivityBinder<ConfigSyncState, TargetFailed> binder) =>
        binder.ThenAsync(context => context.CountOnce(context.Message.TargetId, SyncAct.Write, [TargetStatus.Failed], (batch, target) =>
        {
            context.Saga.Failed++;
            context.Saga.Touched += target.Touched ? 1 : 0;
            batch.Error ??= target.Error;
            context.Announce(batch, new ConfigFileSyncFailed(context.Facts(batch), target.Facts(), target.Error!));
        }));

    public static EventActivityBinder<ConfigSyncState, TargetRestored> RecordRestored(this EventActivityBinder<ConfigSyncState, TargetRestored> binder) =>
        binder.ThenAsync(context => context.CountOnce(context.Message.TargetId, SyncAct.Restore, [TargetStatus.Restored], (batch, target) =>
            context.Announce(batch, new ConfigFileRestored(context.Facts(batch), target.Facts()))));

    public static EventActivityBinder<ConfigSyncState, TargetRestoreFailed> RecordNotRestored(this EventActivityBinder<ConfigSyncState, TargetRestoreFailed> binder) =>
        binder.ThenAsync(context => context.CountOnce(context.Message.TargetId, SyncAct.Restore, [TargetStatus.RestoreFailed], (_, _) => context.Saga.NotRestored++));

    /// <summary>Tells again what the rows hold and the machine has not counted: a report whose message was lost.</summary>
    public static EventActivityBinder<ConfigSyncState, T> RetellReports<T>(this EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var (db, batchId) = (context.Db(), context.Saga.CorrelationId);
            await context.Batch();
            var silent = await db.SyncTargets.AsNoTracking()
                .Where(x => x.BatchId == batchId && x.Status != TargetStatus.Pending && !db.WorkItems.Any(work => work.SubjectId == x.Id))
                .Rows().ToListAsync(context.CancellationToken);
            foreach (var report in silent.Select(target => LostReport(context.Saga, target)).OfType<object>())
            {
                db.Send(Queues.ConfigSyncs, batchId, report);
            }
        });

    private static object? LostReport(ConfigSyncState saga, TargetRow target) => (target.Counted, target.Status) switch
    {
        (null, TargetStatus.Written or TargetStatus.Unchanged) => new TargetSynced(saga.CorrelationId, target.Id),
        (null, TargetStatus.Failed) => new TargetFailed(saga.CorrelationId, target.Id),
        (SyncAct.Write, TargetStatus.Restored) => new TargetRestored(saga.CorrelationId, target.Id),
        (SyncAct.Write, TargetStatus.RestoreFailed) => new TargetRestoreFailed(saga.CorrelationId, target.Id),
        _ => null,
    };

    private static void SendWork(this SagaConsumeContext<ConfigSyncState> context, StepAct act, List<Guid> targets, Func<Guid, object> command)
    {
        context.Saga.InFlight += targets.Count;
        foreach (var id in targets)
        {
            context.Db().AddWork(act, id, context.Saga.CorrelationId);
            context.Db().Send(Queues.Steps, context.Saga.CorrelationId, command(id));
        }
    }

    // The contents stay in the database: of a target only what is counted is read. The row is written with the report, so a report that the
    // row does not bear out is one of a former try, on its way for long.
    private static async Task CountOnce(
        this SagaConsumeContext<ConfigSyncState> context, Guid targetId, SyncAct act, TargetStatus[] told, Action<SyncBatch, TargetRow> count)
    {
        var batch = await context.Batch();
        var (db, ct) = (context.Db(), context.CancellationToken);
        var siblings = await db.SyncTargets.AsNoTracking()
            .Where(x => db.SyncTargets.Any(t => t.Id == targetId && t.OperationId == x.OperationId)).Rows().ToListAsync(ct);
        var target = siblings.Single(x => x.Id == targetId);
        if (target.Counted == act || (act == SyncAct.Write && target.Counted is not null) || !told.Contains(target.Status))
        {
            return;
        }

        await db.SyncTargets.Where(x => x.Id == targetId).ExecuteUpdateAsync(set => set.SetProperty(x => x.Counted, act), ct);
        (await db.SyncOperations.SingleAsync(x => x.Id == target.OperationId, ct)).Settle(siblings, ended: false);
        context.Saga.InFlight--;
        count(batch, target);
    }
}
