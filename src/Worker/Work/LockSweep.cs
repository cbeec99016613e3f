using DeployHub.Persistence;
using DeployHub.Persistence.Locks;

namespace DeployHub.Worker.Work;

/// <summary>
/// Gives back what is held by nobody. Plans and batches hold their targets, not processes, and give them back with their end in one
/// transaction, so there is nothing to do unless somebody deleted rows or put back a backup in part.
/// </summary>
public sealed class LockSweep(IServiceScopeFactory scopes, PersistenceOptions persistence, ILogger<LockSweep> log) : Sweep(scopes, persistence, log)
{
    protected override async Task<int> DriveOn(DeployHubDb db, DateTime before, CancellationToken ct)
    {
        var orphans = await db.Orphans(ct);
        foreach (var holder in orphans)
        {
            await db.InTransaction(() => db.GiveBack(holder, ct), ct);
        }

        return orphans.Count;
    }
}
