using System.ComponentModel;
using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Deployments;

/// <summary>How to stop a plan.</summary>
public record CancelRequest
{
    [Description("true: take back what was touched; false: keep it as it stands. Left out, the plan's own autoRollback.")]
    public bool? Rollback { get; init; }
}

/// <summary>Accepts the request to stop a plan. What is wanted stands in the plan's row from then on; the command only wakes its machine.</summary>
public sealed class AcceptCancel(DeployHubDb db)
{
    private const int MostTries = 3;

    /// <param name="planId">The plan to stop.</param>
    /// <param name="request">How.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    public Task<Result<AcceptedPlan>> Accept(Guid planId, CancelRequest request, Caller caller, CancellationToken ct) => db.Once(
        caller, $"cancel {planId}", request, by => Accepted(planId, request, by, ct), row => Task.FromResult<AcceptedPlan?>(new(row.ResourceId)), ct);

    private async Task<Result<AcceptedPlan>> Accepted(Guid planId, CancelRequest request, Caller caller, CancellationToken ct)
    {
        for (var tries = 0; tries < MostTries; tries++)
        {
            if (await TryAccept(planId, request, caller, ct) is { } result)
            {
                return result;
            }
        }

        return Refusal.Unavailable("The plan changes faster than it can be cancelled.");
    }

    // Null: the plan moved on between the look and the update; look again.
    private async Task<Result<AcceptedPlan>?> TryAccept(Guid planId, CancelRequest request, Caller caller, CancellationToken ct)
    {
        var plan = await db.Plans.AsNoTracking().FirstOrDefaultAsync(x => x.Id == planId, ct);
        if (plan is null)
        {
            return Refusal.NotFound("deployment plan", planId);
        }

        if (Obstacle(plan) is { } refusal)
        {
            return refusal;
        }

        if (plan.StopWantedAt is not null)
        {
            return request.Rollback is { } other && plan.CancelRollback is { } first && other != first ? Otherwise(plan) : new AcceptedPlan(planId);
        }

        if (!await Commit(plan, request.Rollback ?? plan.AutoRollback, caller, ct))
        {
            return null;
        }

        return new AcceptedPlan(planId);
    }

    // The machine writes the plan only if it has seen this mark, or before it is made: then the status says so here.
    private async Task<bool> Commit(DeploymentPlan plan, bool rollback, Caller caller, CancellationToken ct)
    {
        var (updated, now) = (0, DateTime.UtcNow);
        await db.InTransaction(
            async () =>
            {
                updated = await db.Plans.Where(x => x.Id == plan.Id && x.Status == plan.Status && x.StopWantedAt == null && x.RolledBackBy == plan.RolledBackBy)
                    .ExecuteUpdateAsync(
                        set => set.SetProperty(x => x.Status, PlanStatus.Cancelling).SetProperty(x => x.StopWantedAt, now)
                            .SetProperty(x => x.CancelledBy, caller.Name).SetProperty(x => x.CancelRollback, rollback).SetProperty(x => x.UpdatedAt, now),
                        ct);
                if (updated == 0)
                {
                    return;
                }

                db.TellPlan(plan.Id);
                db.Record(caller, "deployment.cancel", plan.Id, plan.EnvironmentId, $"was {plan.Status.Word()}, {(rollback ? "taken back" : "kept")}");
                db.Send(Queues.Deployments, plan.Id, new StopDeployment(plan.Id));
            },
            ct);
        return updated == 1;
    }

    private static Refusal? Obstacle(DeploymentPlan plan) => plan switch
    {
        { HasEnded: true } => Refusal.Conflict(
            $"The plan has ended: it is {plan.Status.Word()}.", null,
            plan.Status is PlanStatus.Completed or PlanStatus.Failed or PlanStatus.Cancelled ? $"To take it back: POST /api/deployment-plans/{plan.Id}/rollback." : null),
        { Status: PlanStatus.RollingBack } or { Status: PlanStatus.Queued, RolledBackBy: not null } => Refusal.Conflict(
            $"The plan is being taken back (it is {plan.Status.Word()}), and a rollback is not broken off: that would leave containers half-way.", null,
            "Wait until it has ended."),
        _ => null,
    };

    private static Refusal Otherwise(DeploymentPlan plan) => Refusal.Conflict(
        $"«{plan.CancelledBy}» has cancelled the plan already, with «rollback»: {(plan.CancelRollback is true ? "true" : "false")}.", "rollback",
        "Wait until it has ended. What was kept can be taken back then.");
}
