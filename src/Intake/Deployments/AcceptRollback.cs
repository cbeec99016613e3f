using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Deployments;

/// <summary>Accepts the request to take back a plan that completed or failed.</summary>
public sealed class AcceptRollback(DeployHubDb db)
{
    private const int MostTries = 3;

    /// <param name="planId">The plan to take back.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="idempotencyKey">1 to 200 characters, or null.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    public async Task<Result<AcceptedPlan>> Accept(Guid planId, Caller caller, string? idempotencyKey, CancellationToken ct)
    {
        if (IdempotencyTicket.Check(idempotencyKey) is { } badKey)
        {
            return badKey;
        }

        var ticket = IdempotencyTicket.For(idempotencyKey, caller, $"rollback {planId}", new { });
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await TryAccept(planId, caller, ticket, ct);
            }
            catch (DbUpdateException e) when (tries < MostTries && e.IsUniqueViolation())
            {
                db.ChangeTracker.Clear();
            }
        }
    }

    private async Task<Result<AcceptedPlan>> TryAccept(Guid planId, Caller caller, IdempotencyTicket? ticket, CancellationToken ct)
    {
        var (repeated, reused) = await db.FindRepeated(ticket, ct);
        if (repeated is { } before)
        {
            return new AcceptedPlan(before, Replayed: true);
        }

        if (reused is not null)
        {
            return reused;
        }

        var plan = await db.Plans.AsNoTracking().FirstOrDefaultAsync(x => x.Id == planId, ct);
        if (plan is null)
        {
            return Refusal.NotFound("deployment plan", planId);
        }

        if (plan.Status is not (PlanStatus.Completed or PlanStatus.Failed))
        {
            return WrongStatus(plan.Status);
        }

        if ((await FindTouched(planId, ct)).IsRefused(out var refusal, out _))
        {
            return refusal;
        }

        return await Commit(plan, caller, ticket, ct)
            ? new AcceptedPlan(planId, Replayed: false)
            : WrongStatus(await db.Plans.Where(x => x.Id == planId).Select(x => x.Status).FirstAsync(ct));
    }

    private async Task<Result<List<Touched>>> FindTouched(Guid planId, CancellationToken ct)
    {
        var touched = await (from step in db.Steps.AsNoTracking()
                             where step.PlanId == planId && step.Touched && !step.Restored
                             from deployment in db.ServiceDeployments.Where(x => x.Id == step.ServiceDeploymentId).DefaultIfEmpty()
                             from server in db.Servers.Where(x => x.Id == step.ServerId).DefaultIfEmpty()
                             orderby step.Order
                             select new Touched(
                                 step.ServiceName, step.ServerName, deployment != null && server != null, deployment!.LastPlanId)).ToListAsync(ct);
        if (touched.Count == 0)
        {
            return Refusal.Conflict("No container of this plan stands on a server, so there is nothing to take back.");
        }

        if (touched.Find(step => !step.IsThere) is { } gone)
        {
            return Refusal.Conflict(
                $"The service «{gone.ServiceName}» is no longer on the server «{gone.ServerName}», so the plan cannot be taken back.");
        }

        return touched.Find(step => step.LastPlanId != planId) is { } later
            ? Refusal.Conflict(
                $"A later plan, {later.LastPlanId}, has touched the service «{later.ServiceName}» on the server «{later.ServerName}».", null,
                $"Roll that plan back first: POST /api/deployment-plans/{later.LastPlanId}/rollback.")
            : touched;
    }

    // The machine lines up for the targets, or still holds them. The status is asked for once more in the update itself: of two requests at once one finds it changed.
    private async Task<bool> Commit(DeploymentPlan plan, Caller caller, IdempotencyTicket? ticket, CancellationToken ct)
    {
        var updated = 0;
        await db.InTransaction(
            async () =>
            {
                updated = await db.Plans.Where(x => x.Id == plan.Id && x.Status == plan.Status)
                    .ExecuteUpdateAsync(
                        set => set.SetProperty(x => x.Status, PlanStatus.Queued).SetProperty(x => x.RolledBackBy, caller.Name)
                            .SetProperty(x => x.UpdatedAt, DateTime.UtcNow),
                        ct);
                if (updated == 0)
                {
                    return;
                }

                db.Keep(ticket, plan.Id);
                db.Record(caller, "deployment.rollback", plan.Id, plan.EnvironmentId, $"was {plan.Status.Word()}");
                db.Send(Queues.Deployments, plan.Id, new RollbackDeployment(plan.Id, caller.Name));
            },
            ct);
        return updated == 1;
    }

    private static Refusal WrongStatus(PlanStatus status) => Refusal.Conflict(
        $"Only a plan that is completed or failed can be rolled back; this one is {status.Word()}.", null,
        status is PlanStatus.RolledBack or PlanStatus.PartiallyRolledBack ? null : "Wait until it has ended.");

    private sealed record Touched(string ServiceName, string ServerName, bool IsThere, Guid? LastPlanId);
}
