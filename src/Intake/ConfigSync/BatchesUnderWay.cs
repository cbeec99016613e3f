using System.Linq.Expressions;
using DeployHub.Domain.ConfigSync;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.ConfigSync;

internal static class BatchesUnderWay
{
    /// <summary>Refuses what would pull the ground from under a batch that has not ended; names the batch.</summary>
    public static async Task<Refusal?> FindBatchAt(
        this DeployHubDb db, string what, Expression<Func<SyncTarget, bool>> concerned, CancellationToken ct)
    {
        var id = await db.SyncBatches.Where(batch => BatchStatuses.UnderWay.Contains(batch.Status))
            .Where(batch => db.SyncTargets.Where(concerned).Any(target => target.BatchId == batch.Id))
            .Select(batch => (Guid?)batch.Id).FirstOrDefaultAsync(ct);
        return id is null
            ? null
            : Refusal.Conflict($"The {what} is in use by the sync batch {id}, which has not ended.", null, $"Wait for it: GET /api/sync/batch/{id}.");
    }
}
