using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;
using DeployHub.Persistence.Messaging;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Persistence.Locks;

/// <summary>Plans and sync batches wait in one line; whoever leaves it wakes those behind, each at its own state machine.</summary>
public static class TargetWakeUps
{
    /// <summary>Gives all locks of a plan or a batch back and tells those that waited for one of them. Call it in a transaction.</summary>
    public static async Task GiveBack(this DeployHubDb db, Guid holderId, CancellationToken ct)
    {
        var waiting = await db.Release(holderId, ct);
        var batches = waiting.Count == 0 ? [] : await db.SyncBatches.Where(x => waiting.Contains(x.Id)).Select(x => x.Id).ToListAsync(ct);
        foreach (var id in waiting)
        {
            if (batches.Contains(id))
            {
                db.Send(Queues.ConfigSyncs, id, new SyncTargetsReleased(id));
            }
            else
            {
                db.Send(Queues.Deployments, id, new TargetsReleased(id));
            }
        }
    }
}
