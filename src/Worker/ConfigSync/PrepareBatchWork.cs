using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.ConfigSync;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using DeployHub.Persistence.Work;
using DeployHub.Worker.Engines;
using DeployHub.Worker.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.ConfigSync;

/// <summary>
/// What has to be known before a host is touched: which engines answer, and who they are (locks are keyed by their ids). Targets of an
/// engine that is away fail here; with rollback that ends the batch before anything was done.
/// </summary>
public sealed class PrepareBatchWork(DeployHubDb db, EngineClients engines) : IStepWork
{
    public async Task Run(WorkClaim claim, CancellationToken lease)
    {
        var batch = await db.SyncBatches.AsNoTracking().SingleAsync(x => x.Id == claim.SubjectId, lease);
        var targets = await db.SyncTargets.AsNoTracking().Where(x => x.BatchId == batch.Id && x.Status == TargetStatus.Pending).OrderBy(x => x.Order)
            .Select(x => new PreparedTarget(x.Id, x.ServerId, x.ServerName, x.Path, x.ContainerName)).ToListAsync(lease);
        var serverIds = targets.Select(x => x.ServerId).Distinct().ToList();
        var servers = await db.Servers.AsNoTracking().Where(x => serverIds.Contains(x.Id)).ToListAsync(lease);
        var seen = (await engines.Look(servers, lease)).ToDictionary(x => x.Server.Id);
        var failed = Failures(targets, seen);
        await db.InTransaction(
            async () =>
            {
                await db.EndWork(claim.Act, claim.SubjectId, claim.Owner, lease);
                foreach (var engine in seen.Values)
                {
                    await engine.Record(db, lease);
                }

                foreach (var group in failed.GroupBy(x => x.Value, x => x.Key))
                {
                    await Fail([.. group], group.Key, lease);
                }

                if (failed.Count == targets.Count || (failed.Count > 0 && batch.RollbackOnFailure))
                {
                    var error = failed.Values.FirstOrDefault();
                    await db.SyncBatches.Where(x => x.Id == batch.Id && x.CompletedAt == null).ExecuteUpdateAsync(set => set.SetProperty(x => x.Error, error), lease);
                    db.Send(Queues.ConfigSyncs, batch.Id, new SyncBatchRefused(batch.Id));
                }
                else
                {
                    await NameLocksByEngine(batch.Id, targets, seen, lease);
                    db.Send(Queues.ConfigSyncs, batch.Id, new SyncBatchPrepared(batch.Id));
                }
            },
            lease);
    }

    public Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease) => db.InTransaction(
        async () =>
        {
            await db.EndWork(claim.Act, claim.SubjectId, claim.Owner, lease);
            var error = SyncFaults.Unforeseen(problem);
            await db.SyncBatches.Where(x => x.Id == claim.SubjectId).ExecuteUpdateAsync(set => set.SetProperty(x => x.Error, error), lease);
            db.Send(Queues.ConfigSyncs, claim.SubjectId, new SyncBatchRefused(claim.SubjectId));
        },
        lease);

    private static Dictionary<Guid, SyncError> Failures(List<PreparedTarget> targets, Dictionary<Guid, SeenEngine> seen)
    {
        var failed = new Dictionary<Guid, SyncError>();
        var taken = new Dictionary<string, PreparedTarget>();
        foreach (var target in targets)
        {
            if (!seen.TryGetValue(target.ServerId, out var engine))
            {
                failed[target.Id] = new SyncError(SyncErrorCodes.EngineUnreachable, $"Server «{target.ServerName}» was removed from DeployHub.");
            }
            else if (engine.Error is { } error)
            {
                failed[target.Id] = new SyncError(
                    error.Code == DeploymentErrorCodes.EngineUnreachable ? SyncErrorCodes.EngineUnreachable : SyncErrorCodes.EngineError, error.Message);
            }
            else if (!taken.TryAdd(TargetLock.ForFile(engine.Info!.Id, target.Path), target))
            {
                // One engine may be registered under two names; two targets at one path would undo each other.
                failed[target.Id] = new SyncError(SyncErrorCodes.DuplicateTarget,
                    $"«{target.Path}» is written twice: servers «{taken[TargetLock.ForFile(engine.Info.Id, target.Path)].ServerName}» and «{target.ServerName}» are one engine. Attach the file to one of them.");
            }
        }

        return failed;
    }

    // The machine does not count these: it sees them when it begins or ends the batch. Where it has ended the batch meanwhile they stay skipped.
    private async Task Fail(List<Guid> ids, SyncError error, CancellationToken ct)
    {
        var targets = db.SyncTargets.Where(x => ids.Contains(x.Id) && x.Status == TargetStatus.Pending);
        await db.TellTargets(targets, ct);
        await targets.ExecuteUpdateAsync(
            set => set
                .SetProperty(x => x.Status, TargetStatus.Failed)
                .SetProperty(x => x.Error, error)
                .SetProperty(x => x.Counted, SyncAct.Write)
                .SetProperty(x => x.CompletedAt, DateTime.UtcNow),
            ct);
    }

    // The keys were taken with what was known of the servers when the batch was accepted; the order of arrival stays.
    private async Task NameLocksByEngine(Guid batchId, List<PreparedTarget> targets, Dictionary<Guid, SeenEngine> seen, CancellationToken ct)
    {
        var locks = await db.TargetLocks.Where(x => x.PlanId == batchId).ToDictionaryAsync(x => x.Key, ct);
        foreach (var target in targets)
        {
            if (seen.TryGetValue(target.ServerId, out var engine) && engine.Info is { } info)
            {
                Rename(locks, engine, x => TargetLock.ForFile(x, target.Path), info.Id);
                Rename(locks, engine, x => TargetLock.ForContainer(x, target.ContainerName), info.Id);
            }
        }
    }

    private void Rename(Dictionary<string, TargetLock> locks, SeenEngine engine, Func<string, string> key, string engineId)
    {
        foreach (var former in new[] { engine.Server.EngineId, TargetLock.UnknownEngine(engine.Server.Id) }.OfType<string>().Select(key))
        {
            if (former == key(engineId) || !locks.Remove(former, out var row))
            {
                continue;
            }

            if (locks.TryAdd(key(engineId), row))
            {
                row.Key = key(engineId);
            }
            else
            {
                db.TargetLocks.Remove(row);
            }
        }
    }

    private sealed record PreparedTarget(Guid Id, Guid ServerId, string ServerName, string Path, string ContainerName);
}
