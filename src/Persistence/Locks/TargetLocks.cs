using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Persistence.Locks;

/// <summary>One actor per target: a plan takes all its locks at once, in order of arrival, and holds them until it gives them back.</summary>
public static class TargetLocks
{
    /// <summary>Of a long line the first are told.</summary>
    private const int MostAhead = 100;

    // Any constant serves, as long as nothing else uses it: grants and releases go one at a time.
    private const long GrantingLock = 0x6465706C6F79;

    // Who looks at the line before joining it must not be overtaken by one who joins meanwhile.
    private const long LineLock = 0x6C696E65;

    /// <summary>
    /// To be called in the transaction that lines somebody up, before it does. With <paramref name="alone"/> nobody else joins the line until
    /// that transaction ends, and all who joined before are to be seen in it.
    /// </summary>
    public static Task EnterLine(this DeployHubDb db, bool alone, CancellationToken ct) =>
        !db.Database.IsNpgsql() ? Task.CompletedTask
        : alone ? db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({LineLock})", ct)
        : db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock_shared({LineLock})", ct);

    /// <summary>Lines the plan up for its targets; the keys are made final by <see cref="TryTake"/>.</summary>
    public static void LineUp(this DeployHubDb db, Guid planId, IEnumerable<string> keys) =>
        db.TargetLocks.AddRange(keys.Distinct().Select(key => new TargetLock { Key = key, PlanId = planId }));

    /// <summary>Grants the plan all its locks when nobody before it holds or waits for one of them. Call it in a transaction.</summary>
    public static async Task<bool> TryTake(this DeployHubDb db, Guid planId, CancellationToken ct)
    {
        await Serialize(db, ct);

        // A plan arrived with its first row: two that line up at once draw their numbers in turns, and by row each could come before the other.
        var arrived = await db.TargetLocks.Where(x => x.PlanId == planId).MinAsync(x => (long?)x.Sequence, ct);
        var blocked = await db.TargetLocks.Where(mine => mine.PlanId == planId)
            .AnyAsync(
                mine => db.TargetLocks.Any(
                    other => other.Key == mine.Key && other.PlanId != planId
                        && (other.Granted || db.TargetLocks.Where(x => x.PlanId == other.PlanId).Min(x => x.Sequence) < arrived)),
                ct);
        if (blocked)
        {
            return false;
        }

        await db.TargetLocks.Where(x => x.PlanId == planId).ExecuteUpdateAsync(set => set.SetProperty(x => x.Granted, true), ct);
        return true;
    }

    /// <summary>Who stands before the plan or batch at one of its targets, and at which: the first to have arrived comes first.</summary>
    public static async Task<List<TargetAhead>> Ahead(this DeployHubDb db, Guid planId, CancellationToken ct)
    {
        var arrived = await db.TargetLocks.Where(x => x.PlanId == planId).MinAsync(x => (long?)x.Sequence, ct);
        return await (
            from mine in db.TargetLocks.AsNoTracking()
            where mine.PlanId == planId
            from other in db.TargetLocks.Where(x => x.Key == mine.Key && x.PlanId != planId)
            let since = db.TargetLocks.Where(x => x.PlanId == other.PlanId).Min(x => x.Sequence)
            where other.Granted || since < arrived
            orderby since, other.Sequence
            select new TargetAhead(other.PlanId, other.Key)).Take(MostAhead).ToListAsync(ct);
    }

    /// <summary>
    /// Tells everybody in line which engine a server is, as soon as the first of them has found out: one that arrived before and is
    /// prepared after would stand under another key until then, and be overtaken. Call it in a transaction.
    /// </summary>
    public static async Task NameByEngine(this DeployHubDb db, Guid serverId, string engine, CancellationToken ct)
    {
        await Serialize(db, ct);
        var unknown = TargetLock.UnknownEngine(serverId);
        await db.TargetLocks.Where(mine => mine.Key.StartsWith(unknown))
            .Where(mine => !db.TargetLocks.Any(other => other.PlanId == mine.PlanId && other.Key == mine.Key.Replace(unknown, engine)))
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.Key, x => x.Key.Replace(unknown, engine)), ct);
    }

    /// <summary>Gives the plan's locks back and says which plans waited for one of them, the oldest first. Call it in a transaction.</summary>
    public static async Task<List<Guid>> Release(this DeployHubDb db, Guid planId, CancellationToken ct)
    {
        await Serialize(db, ct);
        var keys = await db.TargetLocks.Where(x => x.PlanId == planId).Select(x => x.Key).ToListAsync(ct);
        if (keys.Count == 0)
        {
            return [];
        }

        await db.TargetLocks.Where(x => x.PlanId == planId).ExecuteDeleteAsync(ct);
        return await db.TargetLocks.Where(x => keys.Contains(x.Key) && !x.Granted)
            .GroupBy(x => x.PlanId).OrderBy(group => group.Min(x => x.Sequence)).Select(group => group.Key).ToListAsync(ct);
    }

    /// <summary>Those who are in the line and have ended, or are gone: a row that somebody deleted, a backup that was put back in part.</summary>
    public static Task<List<Guid>> Orphans(this DeployHubDb db, CancellationToken ct) => db.TargetLocks
        .Where(x => !db.Plans.Any(plan => plan.Id == x.PlanId && PlanStatuses.UnderWay.Contains(plan.Status))
            && !db.DeploymentStates.Any(state => state.CorrelationId == x.PlanId && state.HoldsTargets)
            && !db.SyncBatches.Any(batch => batch.Id == x.PlanId && BatchStatuses.UnderWay.Contains(batch.Status)))
        .Select(x => x.PlanId).Distinct().ToListAsync(ct);

    private static Task Serialize(DeployHubDb db, CancellationToken ct) =>
        db.Database.IsNpgsql() ? db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({GrantingLock})", ct) : Task.CompletedTask;
}

/// <summary>Somebody who is before another at a target.</summary>
/// <param name="HolderId">The plan or the batch that holds it, or waits longer.</param>
/// <param name="Key">The target.</param>
public record TargetAhead(Guid HolderId, string Key);
