using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Deployments;

/// <summary>What a new plan does about those that were here before it. Called alone in the line, in the transaction that accepts it.</summary>
internal static class Conflicts
{
    /// <summary>Refuses the plan when another plan or a batch, not ended, holds or waits for one of its containers; names it, if the caller sees it.</summary>
    public static async Task<Refusal?> FindInTheWay(this DeployHubDb db, DeploymentTargets targets, Caller caller, CancellationToken ct)
    {
        // An engine that was seen only lately has locks under both names.
        var keys = targets.All.Select(x => x.LockKey)
            .Concat(targets.All.Select(x => TargetLock.ForContainer(TargetLock.UnknownEngine(x.Server.Id), x.Deployment.ContainerName))).Distinct().ToList();
        var locks = db.TargetLocks.AsNoTracking().Where(x => keys.Contains(x.Key)).OrderBy(x => x.Sequence);
        var plan = await locks.Join(db.Plans, x => x.PlanId, x => x.Id, (row, plan) => new { row.Key, plan.Id, plan.EnvironmentId, plan.Status })
            .FirstOrDefaultAsync(x => PlanStatuses.UnderWay.Contains(x.Status), ct);
        if (plan is not null)
        {
            return caller.Sees(plan.EnvironmentId)
                ? InTheWay($"The deployment plan {plan.Id}", plan.Status.Word(), plan.Key, $" (GET /api/deployment-plans/{plan.Id})")
                : InTheWay("A deployment plan of another environment", plan.Status.Word(), plan.Key, "");
        }

        var batch = await locks.Join(db.SyncBatches, x => x.PlanId, x => x.Id, (row, batch) => new { row.Key, batch.Id, batch.EnvironmentId, batch.Status })
            .FirstOrDefaultAsync(x => BatchStatuses.UnderWay.Contains(x.Status), ct);
        return batch is null ? null
            : caller.Sees(batch.EnvironmentId) ? InTheWay($"The sync batch {batch.Id}", batch.Status.Word(), batch.Key, $" (GET /api/sync/batch/{batch.Id})")
            : InTheWay("A sync batch of another environment", batch.Status.Word(), batch.Key, "");
    }

    /// <summary>Stops the older plans of the image that have not begun. One that begins in this very moment is left to end.</summary>
    public static async Task Supersede(this DeployHubDb db, DeploymentPlan plan, Caller caller, CancellationToken ct)
    {
        var now = DateTime.UtcNow;
        await db.Plans
            .Where(x => x.ContainerImageId == plan.ContainerImageId && (x.Status == PlanStatus.Pending || x.Status == PlanStatus.Queued)
                && x.StartedAt == null && x.StopWantedAt == null)
            .ExecuteUpdateAsync(
                set => set.SetProperty(x => x.Status, PlanStatus.Cancelling).SetProperty(x => x.StopWantedAt, now).SetProperty(x => x.SupersededBy, plan.Id)
                    .SetProperty(x => x.UpdatedAt, now),
                ct);
        foreach (var older in await db.Plans.Where(x => x.SupersededBy == plan.Id).Select(x => new { x.Id, x.EnvironmentId }).ToListAsync(ct))
        {
            db.TellPlan(older.Id);

            // The key of the request is the new plan's, and so is the answer.
            db.Record(caller with { Ticket = null, Receipt = null }, "deployment.supersede", older.Id, older.EnvironmentId, $"by {plan.Id}");
            db.Send(Queues.Deployments, older.Id, new StopDeployment(older.Id));
        }
    }

    private static Refusal InTheWay(string what, string status, string key, string poll) => Refusal.Conflict(
        $"{what} ({status}) is in the way: it holds or waits for the container «{TargetLock.NameOf(key)}».", "onConflict",
        $"Wait for it{poll}, or deploy with «onConflict»: «queue».");
}
