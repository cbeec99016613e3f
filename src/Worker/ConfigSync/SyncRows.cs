using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Servers;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using DeployHub.Persistence.Work;
using DeployHub.Worker.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.ConfigSync;

/// <summary>All that is needed for one target.</summary>
public sealed record SyncFacts(SyncTarget Target, Server Server)
{
    /// <summary>Where the new file stands until it takes its place; the same for every try.</summary>
    public string Temporary => SyncRows.Temporary(Target.Id);
}

/// <summary>A target's rows as its worker reads and writes them: short transactions around the engine work, never across it.</summary>
public sealed class SyncRows(DeployHubDb db)
{
    public static string Temporary(Guid targetId) => $".deployhub-{targetId:n}";

    /// <summary>Marks the target as begun and reads all that is needed for it. The deadline is set by the first try of this act.</summary>
    public async Task<SyncFacts> Begin(WorkClaim claim, TimeSpan limit, CancellationToken ct)
    {
        SyncFacts? facts = null;
        await db.InTransaction(
            async () =>
            {
                await db.HoldLease(claim, ct);
                await Row(claim).ExecuteUpdateAsync(
                    set => set
                        .SetProperty(x => x.DeadlineAt, x => x.DeadlineAt == null || x.CompletedAt != null ? DateTime.UtcNow.AddSeconds(limit.TotalSeconds) : x.DeadlineAt)
                        .SetProperty(x => x.Status, x => claim.Act == StepAct.SyncWrite ? TargetStatus.Running : x.Status)
                        .SetProperty(x => x.Attempts, x => x.CompletedAt != null ? 1 : x.Attempts + 1)
                        .SetProperty(x => x.StartedAt, x => x.StartedAt ?? DateTime.UtcNow)
                        .SetProperty(x => x.CompletedAt, (DateTime?)null),
                    ct);
                facts = await Read(claim.SubjectId, ct);
                if (claim.Act == StepAct.SyncWrite)
                {
                    db.TellTarget(facts.Target.BatchId, claim.SubjectId);
                }
            },
            ct);
        return facts!;
    }

    public async Task<SyncFacts> Read(Guid targetId, CancellationToken ct)
    {
        var rows = await (
            from target in db.SyncTargets.AsNoTracking()
            where target.Id == targetId
            join server in db.Servers.AsNoTracking() on target.ServerId equals server.Id into servers
            from server in servers.DefaultIfEmpty()
            select new { target, server }).SingleAsync(ct);
        return new SyncFacts(rows.target, rows.server ?? throw new SyncFailureException(SyncErrorCodes.EngineUnreachable, $"Server «{rows.target.ServerName}» was removed from DeployHub."));
    }

    /// <summary>Stores what stands there, before it is changed. From here on the target is taken back or kept, never forgotten.</summary>
    public Task Touch(WorkClaim claim, string? fromHash, byte[]? snapshot, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            await db.HoldLease(claim, ct);
            await Row(claim).ExecuteUpdateAsync(
                set => set.SetProperty(x => x.Touched, true).SetProperty(x => x.FromHash, fromHash).SetProperty(x => x.Snapshot, snapshot), ct);
        },
        ct);

    /// <summary>The container is about to be told of the new bytes; taking them back will have to tell it again.</summary>
    public Task Reloading(WorkClaim claim, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            await db.HoldLease(claim, ct);
            await Row(claim).ExecuteUpdateAsync(set => set.SetProperty(x => x.Reloaded, true), ct);
        },
        ct);

    public Task Written(WorkClaim claim, SyncFacts facts, CancellationToken ct) => End(
        claim, new TargetSynced(facts.Target.BatchId, claim.SubjectId), facts.Target.BatchId, TargetStatus.Written, null, ct);

    /// <summary>The host held the right bytes already.</summary>
    public Task Unchanged(WorkClaim claim, SyncFacts facts, CancellationToken ct) => End(
        claim, new TargetSynced(facts.Target.BatchId, claim.SubjectId), facts.Target.BatchId, TargetStatus.Unchanged, null, ct,
        () => Row(claim).ExecuteUpdateAsync(set => set.SetProperty(x => x.FromHash, x => x.ToHash), ct));

    /// <param name="untouched">It is certain that the host was not changed, although the snapshot was stored for it.</param>
    public Task Failed(WorkClaim claim, Guid batchId, SyncError error, bool untouched, CancellationToken ct) => End(
        claim, new TargetFailed(batchId, claim.SubjectId), batchId, TargetStatus.Failed, error, ct,
        untouched ? () => Row(claim).ExecuteUpdateAsync(set => set.SetProperty(x => x.Touched, false).SetProperty(x => x.Snapshot, (byte[]?)null), ct) : null);

    /// <summary>The host is as it was. The error of a target that had failed stays, so that it is seen why.</summary>
    public Task Restored(WorkClaim claim, SyncFacts facts, CancellationToken ct) => End(
        claim, new TargetRestored(facts.Target.BatchId, claim.SubjectId), facts.Target.BatchId, TargetStatus.Restored, facts.Target.Error, ct);

    public Task NotRestored(WorkClaim claim, Guid batchId, SyncError error, CancellationToken ct) => End(
        claim, new TargetRestoreFailed(batchId, claim.SubjectId), batchId, TargetStatus.RestoreFailed, error, ct);

    public Task<Guid> BatchOf(Guid targetId, CancellationToken ct) => db.SyncTargets.Where(x => x.Id == targetId).Select(x => x.BatchId).SingleAsync(ct);

    // Target, lease and report in one transaction.
    private Task End(WorkClaim claim, object report, Guid batchId, TargetStatus status, SyncError? error, CancellationToken ct, Func<Task>? also = null) => db.InTransaction(
        async () =>
        {
            await db.EndWork(claim.Act, claim.SubjectId, claim.Owner, ct);
            await Row(claim).ExecuteUpdateAsync(
                set => set.SetProperty(x => x.Status, status).SetProperty(x => x.Error, error).SetProperty(x => x.CompletedAt, DateTime.UtcNow), ct);
            await (also?.Invoke() ?? Task.CompletedTask);
            db.TellTarget(batchId, claim.SubjectId);
            db.Send(Queues.ConfigSyncs, batchId, report);
        },
        ct);

    private IQueryable<SyncTarget> Row(WorkClaim claim) => db.SyncTargets.Where(x => x.Id == claim.SubjectId);
}
