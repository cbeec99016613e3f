using DeployHub.Contracts.Wire;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Deployments;

/// <summary>Reads what a plan or batch waits for. Plans and batches stand in one line.</summary>
internal sealed class WaitingLine(DeployHubDb db)
{
    /// <summary>Who stands before it, the first to have arrived first; empty in the moment in which its turn comes.</summary>
    public async Task<List<WaitsForView>> Before(Guid id, CancellationToken ct)
    {
        var ahead = await db.Ahead(id, ct);
        var ids = ahead.ConvertAll(x => x.HolderId);
        var plans = await db.Plans.Where(x => ids.Contains(x.Id)).ToDictionaryAsync(x => x.Id, x => x.Status.Word(), ct);
        var batches = await db.SyncBatches.Where(x => ids.Contains(x.Id)).ToDictionaryAsync(x => x.Id, x => x.Status.Word(), ct);
        return ahead.GroupBy(x => x.HolderId, x => TargetLock.NameOf(x.Key))
            .Where(x => plans.ContainsKey(x.Key) || batches.ContainsKey(x.Key))
            .Select(x => plans.TryGetValue(x.Key, out var status)
                ? new WaitsForView(x.Key, null, status, [.. x])
                : new WaitsForView(null, x.Key, batches[x.Key], [.. x])).ToList();
    }
}
