using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Deployments;

/// <summary>Accepts the request to take back a plan that completed, failed or was cancelled.</summary>
public sealed class AcceptRollback(DeployHubDb db)
{
    /// <param name="planId">The plan to take back.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    public Task<Result<AcceptedPlan>> Accept(Guid planId, Caller caller, CancellationToken ct) => db.Once(
        caller, $"rollback {planId}", new { }, by => TryAccept(planId, by, ct), row => Task.FromResult<AcceptedPlan?>(new(row.ResourceId)), ct);

    private async Task<Result<AcceptedPlan>> TryAccept(Guid planId, Caller caller, CancellationToken ct)
    {
        var plan = await db.Plans.AsNoTracking().FirstOrDefaultAsync(x => x.Id == planId, ct);
        if (plan is null)
        {
            return Refusal.NotFound("deployment plan", planId);
        }

        if (plan.Status is not (PlanStatus.Completed or PlanStatus.Failed or PlanStatus.Cancelled))
        {
            return WrongStatus(plan.Status);
        }

        if (await db.FindObstacle(planId, ct) is { } refusal)
        {
            return refusal;
        }

        return await Commit(plan, caller, ct)
            ? new AcceptedPlan(planId)
            : WrongStatus(await db.Plans.Where(x => x.Id == planId).Select(x => x.Status).FirstAsync(ct));
    }

    // The machine lines up for the targets, or still holds them. The status is asked for once more in the update itself: of two requests at once one finds it changed.
    private async Task<bool> Commit(DeploymentPlan plan, Caller caller, CancellationToken ct)
    {
        var updated = 0;
        await db.InTransaction(
            async () =>
            {
                updated = await db.Plans.Where(x => x.Id == plan.Id && x.Status == plan.Status)
                    .ExecuteUpdateAsync(
                        set => set.SetProperty(x => x.Status, PlanStatus.Queued).SetProperty(x => x.RolledBackBy, caller.Name)
                            .SetProperty(x => x.StopWantedAt, (DateTime?)null).SetProperty(x => x.UpdatedAt, DateTime.UtcNow),
                        ct);
                if (updated == 0)
                {
                    return;
                }

                db.TellPlan(plan.Id);
                db.Record(caller, "deployment.rollback", plan.Id, plan.EnvironmentId, $"was {plan.Status.Word()}");
                db.Send(Queues.Deployments, plan.Id, new TakeBackDeployment(plan.Id, caller.Name));
            },
            ct);
        return updated == 1;
    }

    private static Refusal WrongStatus(PlanStatus status) => Refusal.Conflict(
        $"Only a plan that is completed, failed or cancelled can be rolled back; this one is {status.Word()}.", null,
        status is PlanStatus.PartiallyRolledBack ? "To go on with its rollback, POST …/retry." : status.HasEnded() ? null : "Wait until it has ended.");
}
