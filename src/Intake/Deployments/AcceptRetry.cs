using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Deployments;

/// <summary>
/// Accepts the request to go on with a plan that has ended short of its aim: forward where it failed or was cancelled, further back where its
/// rollback was not whole. It stays the same plan (docs/decisions/0004).
/// </summary>
public sealed class AcceptRetry(DeployHubDb db)
{
    /// <param name="planId">The plan to go on with.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    public Task<Result<AcceptedPlan>> Accept(Guid planId, Caller caller, CancellationToken ct) => db.Once(
        caller, $"retry {planId}", new { }, by => TryAccept(planId, by, ct), row => Task.FromResult<AcceptedPlan?>(new(row.ResourceId)), ct);

    private async Task<Result<AcceptedPlan>> TryAccept(Guid planId, Caller caller, CancellationToken ct)
    {
        var plan = await db.Plans.AsNoTracking().FirstOrDefaultAsync(x => x.Id == planId, ct);
        if (plan is null)
        {
            return Refusal.NotFound("deployment plan", planId);
        }

        var back = plan.Status == PlanStatus.PartiallyRolledBack;
        if (!back && plan.Status is not (PlanStatus.Failed or PlanStatus.Cancelled))
        {
            return WrongStatus(plan.Status);
        }

        if ((back ? await db.FindObstacle(planId, ct) : await db.FindObstacleToGoOn(planId, plan.CreatedAt, ct)) is { } refusal)
        {
            return refusal;
        }

        var accepted = false;
        await db.InTransaction(
            async () =>
            {
                accepted = back ? await GoOnBack(plan, caller, ct) : await GoOn(plan, caller, ct);
                if (accepted)
                {
                    db.Record(caller, "deployment.retry", plan.Id, plan.EnvironmentId, $"was {plan.Status.Word()}");
                }
            },
            ct);
        return accepted ? new AcceptedPlan(planId) : WrongStatus(await db.Plans.Where(x => x.Id == planId).Select(x => x.Status).FirstAsync(ct));
    }

    // Each step that did not succeed is as new, but for what it may have left on its engine.
    private async Task<bool> GoOn(DeploymentPlan plan, Caller caller, CancellationToken ct)
    {
        await db.EnterLine(alone: false, ct);
        if (await Ended(plan).ExecuteUpdateAsync(
            set => set
                .SetProperty(x => x.Status, PlanStatus.Pending)
                .SetProperty(x => x.Error, (DeploymentError?)null)
                .SetProperty(x => x.CompletedAt, (DateTime?)null)
                .SetProperty(x => x.StopWantedAt, (DateTime?)null)
                .SetProperty(x => x.CancelledBy, (string?)null)
                .SetProperty(x => x.CancelRollback, (bool?)null)
                .SetProperty(x => x.RetriedBy, caller.Name)
                .SetProperty(x => x.UpdatedAt, DateTime.UtcNow),
            ct) == 0)
        {
            return false;
        }

        db.TellPlan(plan.Id);
        var again = db.Steps.Where(x => x.PlanId == plan.Id && x.Status != StepStatus.Success);
        await db.TellSteps(again, ct);
        await again.ExecuteUpdateAsync(
            set => set
                .SetProperty(x => x.Status, StepStatus.Pending)
                .SetProperty(x => x.Failure, x => x.Error)
                .SetProperty(x => x.Error, (DeploymentError?)null)
                .SetProperty(x => x.SpentContainerId, x => x.Touched ? x.ToContainerId : null)
                .SetProperty(x => x.Phase, (StepPhase?)null)
                .SetProperty(x => x.Attempts, 0)
                .SetProperty(x => x.StartedAt, (DateTime?)null)
                .SetProperty(x => x.CompletedAt, (DateTime?)null)
                .SetProperty(x => x.DeadlineAt, (DateTime?)null)
                .SetProperty(x => x.Counted, (StepAct?)null),
            ct);
        var targets = await db.Steps.Where(x => x.PlanId == plan.Id).OrderBy(x => x.Order)
            .Join(db.Servers, x => x.ServerId, server => server.Id, (x, server) => new { x.ContainerName, server.EngineId, server.Id }).ToListAsync(ct);
        db.LineUp(plan.Id, targets.Select(x => TargetLock.ForContainer(x.EngineId ?? TargetLock.UnknownEngine(x.Id), x.ContainerName)));
        db.Send(Queues.Deployments, plan.Id, new RetryDeployment(plan.Id));
        return true;
    }

    // As if the rollback had not come to the steps yet that it could not take back.
    private async Task<bool> GoOnBack(DeploymentPlan plan, Caller caller, CancellationToken ct)
    {
        if (await Ended(plan).ExecuteUpdateAsync(
            set => set
                .SetProperty(x => x.Status, PlanStatus.Queued)
                .SetProperty(x => x.StopWantedAt, (DateTime?)null)
                .SetProperty(x => x.RolledBackBy, caller.Name)
                .SetProperty(x => x.RetriedBy, caller.Name)
                .SetProperty(x => x.UpdatedAt, DateTime.UtcNow),
            ct) == 0)
        {
            return false;
        }

        db.TellPlan(plan.Id);
        var again = db.Steps.Where(x => x.PlanId == plan.Id && x.Status == StepStatus.RollbackFailed);
        await db.TellSteps(again, ct);
        await again.ExecuteUpdateAsync(
            set => set
                .SetProperty(x => x.Status, x => x.Failure == null ? StepStatus.Success : StepStatus.Failed)
                .SetProperty(x => x.Error, x => x.Failure)
                .SetProperty(x => x.Counted, StepAct.Deploy),
            ct);
        db.Send(Queues.Deployments, plan.Id, new TakeBackDeployment(plan.Id, caller.Name));
        return true;
    }

    // The status is asked for once more in the update itself: of two requests at once one finds it changed.
    private IQueryable<DeploymentPlan> Ended(DeploymentPlan plan) => db.Plans.Where(x => x.Id == plan.Id && x.Status == plan.Status);

    private static Refusal WrongStatus(PlanStatus status) => Refusal.Conflict(
        $"Only a plan that is failed, cancelled or partially_rolled_back can be retried; this one is {status.Word()}.", null,
        status.HasEnded() ? "Deploy again." : "Wait until it has ended.");
}
