using System.Globalization;
using System.Text.Json;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Deployments;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Persistence.History;

/// <summary>What becomes of plans that ended long ago.</summary>
/// <param name="Kept">How long they are kept; null for always.</param>
/// <param name="Archive">The folder that plans are written to before they are deleted; null for none.</param>
public sealed record HistorySettings(TimeSpan? Kept, string? Archive);

/// <summary>
/// Deletes old history, in small batches that each commit for themselves, so that nothing that runs waits for it. A plan that can still be
/// asked for stays whatever its age: the last one of a container, since that can be taken back; the one before it, which is the last one after
/// that; and one that keeps a former container.
/// </summary>
public sealed class OldHistory(DeployHubDb db, HistorySettings settings)
{
    private const int BatchSize = 200;

    /// <summary>Deletes all that is older, and gives the number of plans.</summary>
    public async Task<int> Forget(CancellationToken ct)
    {
        if (settings.Kept is not { } kept)
        {
            return 0;
        }

        var (end, from, count) = (DateTime.UtcNow - kept, DateTime.MinValue, 0);
        while (await Old(from, end).Take(BatchSize).ToListAsync(ct) is { Count: > 0 } plans)
        {
            await Archive(plans, ct);
            var ids = plans.ConvertAll(plan => plan.Id);
            await db.InTransaction(
                async () =>
                {
                    // One that somebody has gone on with since it was looked at stays.
                    await db.Plans.Where(x => ids.Contains(x.Id) && !PlanStatuses.UnderWay.Contains(x.Status)).ExecuteDeleteAsync(ct);
                    await db.DeploymentStates.Where(x => ids.Contains(x.CorrelationId) && !db.Plans.Any(plan => plan.Id == x.CorrelationId)).ExecuteDeleteAsync(ct);
                    await db.StreamHeads.Where(x => ids.Contains(x.StreamId) && !db.Plans.Any(plan => plan.Id == x.StreamId)).ExecuteDeleteAsync(ct);
                },
                ct);
            (from, count) = (plans[^1].CompletedAt!.Value, count + plans.Count);
        }

        return count;
    }

    // What was passed over once is not looked at again for each batch.
    private IQueryable<DeploymentPlan> Old(DateTime from, DateTime end) => db.Plans.AsNoTracking()
        .Where(plan => plan.CompletedAt >= from && plan.CompletedAt < end && !PlanStatuses.UnderWay.Contains(plan.Status))
        .Where(plan => !db.WorkItems.Any(work => work.PlanId == plan.Id) && !db.TargetLocks.Any(held => held.PlanId == plan.Id))
        .Where(plan => !db.Steps.Any(step => step.PlanId == plan.Id && db.ServiceDeployments.Any(target =>
            target.Id == step.ServiceDeploymentId && (target.LastPlanId == plan.Id || target.KeptStepId == step.Id
                || db.Steps.Any(last => last.PlanId == target.LastPlanId && last.ServiceDeploymentId == target.Id && last.FromPlanId == plan.Id)))))
        .OrderBy(plan => plan.CompletedAt);

    // Before they are deleted: a batch that is written twice, because its deletion was not committed, is better than one that is written never.
    private async Task Archive(List<DeploymentPlan> plans, CancellationToken ct)
    {
        if (settings.Archive is not { } folder)
        {
            return;
        }

        var ids = plans.ConvertAll(plan => plan.Id);

        // Not the former containers' inspections: they hold secrets.
        var steps = (await db.Steps.AsNoTracking().Where(step => ids.Contains(step.PlanId)).OrderBy(step => step.Order).Select(step => new
        {
            step.Id, step.PlanId, step.Order, step.ServiceId, step.ServiceName, step.ServerId, step.ServerName, step.ContainerName, step.Status, step.StartedAt, step.CompletedAt,
            step.FromDigest, step.ToDigest, step.Attempts, step.Error, step.Restored, step.Recreated, step.CleanupMessage,
        }).ToListAsync(ct)).ToLookup(step => step.PlanId);
        Directory.CreateDirectory(folder);
        foreach (var month in plans.GroupBy(plan => plan.CompletedAt!.Value.ToString("yyyy-MM", CultureInfo.InvariantCulture)))
        {
            var lines = month.Select(plan => JsonSerializer.Serialize(new { plan, steps = steps[plan.Id] }, WireWords.Json));
            await using var file = new FileStream(Path.Combine(folder, $"plans-{month.Key}.jsonl"), FileMode.Append, FileAccess.Write, FileShare.Read);
            await using var writer = new StreamWriter(file);
            await writer.WriteAsync(string.Concat(lines.Select(line => line + "\n")).AsMemory(), ct);
            await writer.FlushAsync(ct);
            file.Flush(flushToDisk: true);
        }
    }
}
