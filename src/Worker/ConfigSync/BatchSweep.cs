using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigSync;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Worker.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.ConfigSync;

/// <summary>Drives on batches that stand still, and those that ended whose helpers are still to be removed.</summary>
public sealed class BatchSweep(IServiceScopeFactory scopes, PersistenceOptions persistence, ILogger<BatchSweep> log) : Sweep(scopes, persistence, log)
{
    protected override async Task<int> DriveOn(DeployHubDb db, DateTime before, CancellationToken ct)
    {
        var still = await db.SyncBatches.Where(x => BatchStatuses.UnderWay.Contains(x.Status) && x.UpdatedAt < before).OrderBy(x => x.UpdatedAt).Take(MostAtOnce)
            .Select(x => new { x.Id, Begun = db.ConfigSyncStates.Any(s => s.CorrelationId == x.Id) }).ToListAsync(ct);
        var cleaning = await db.ConfigSyncStates.Where(x => x.CurrentState == nameof(ConfigSyncStateMachine.CleaningUp))
            .Join(db.SyncBatches.Where(x => x.UpdatedAt < before), x => x.CorrelationId, x => x.Id, (_, batch) => batch)
            .OrderBy(x => x.UpdatedAt).Select(x => x.Id).Take(MostAtOnce).ToListAsync(ct);
        if (still.Count + cleaning.Count > 0)
        {
            await db.InTransaction(
                () =>
                {
                    foreach (var batch in still)
                    {
                        db.Send(Queues.ConfigSyncs, batch.Id, batch.Begun ? new SyncBatchNudged(batch.Id) : new BeginSyncBatch(batch.Id));
                    }

                    cleaning.ForEach(id => db.Send(Queues.ConfigSyncs, id, new SyncBatchNudged(id)));
                    return Task.CompletedTask;
                },
                ct);
        }

        return still.Count + cleaning.Count;
    }
}
