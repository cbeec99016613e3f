using DeployHub.Contracts.Wire;
using DeployHub.Intake;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Deployments;

/// <summary>Reads what a plan or batch waits for. Plans and batches stand in one line.</summary>
internal sealed class WaitingLine(DeployHubDb db)
{
    /// <summary>
    /// Who stands before it, the first to have arrived first; empty in the moment in which its turn comes. One engine may be registered in two
    /// environments: what the caller does not see is told without its id. Without a caller, so is what lies in another environment.
    /// </summary>
    public async Task<List<WaitsForView>> Before(Guid id, Guid environmentId, Caller? caller, CancellationToken ct)
    {
        var ahead = await db.Ahead(id, ct);
        var ids = ahead.ConvertAll(x => x.HolderId);
        var plans = await db.Plans.Where(x => ids.Contains(x.Id)).Select(x => new { x.Id, x.EnvironmentId, x.Status }).ToDictionaryAsync(x => x.Id, ct);
        var batches = await db.SyncBatches.Where(x => ids.Contains(x.Id)).Select(x => new { x.Id, x.EnvironmentId, x.Status }).ToDictionaryAsync(x => x.Id, ct);
        bool Seen(Guid environment) => caller?.Sees(environment) ?? environment == environmentId;
        return ahead.GroupBy(x => x.HolderId, x => TargetLock.NameOf(x.Key))
            .Where(x => plans.ContainsKey(x.Key) || batches.ContainsKey(x.Key))
            .Select(x => plans.TryGetValue(x.Key, out var plan)
                ? new WaitsForView(Seen(plan.EnvironmentId) ? x.Key : null, null, plan.Status.Word(), [.. x])
                : new WaitsForView(null, Seen(batches[x.Key].EnvironmentId) ? x.Key : null, batches[x.Key].Status.Word(), [.. x])).ToList();
    }
}
