using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Worker.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Deployments;

/// <summary>Drives on plans that stand still.</summary>
public sealed class PlanSweep(IServiceScopeFactory scopes, PersistenceOptions persistence, ILogger<PlanSweep> log) : Sweep(scopes, persistence, log)
{
    protected override async Task<int> DriveOn(DeployHubDb db, DateTime before, CancellationToken ct)
    {
        var still = await db.Plans.Where(x => PlanStatuses.UnderWay.Contains(x.Status) && x.UpdatedAt < before).OrderBy(x => x.UpdatedAt).Take(MostAtOnce)
            .Select(x => new { x.Id, Begun = db.DeploymentStates.Any(s => s.CorrelationId == x.Id) }).ToListAsync(ct);
        var cleaning = await db.DeploymentStates.Where(x => x.CurrentState == nameof(DeploymentStateMachine.Finalizing))
            .Join(db.Plans.Where(x => x.UpdatedAt < before), x => x.CorrelationId, x => x.Id, (x, _) => x.CorrelationId)
            .OrderBy(id => id).Take(MostAtOnce).ToListAsync(ct);
        if (still.Count + cleaning.Count > 0)
        {
            await db.InTransaction(
                () =>
                {
                    foreach (var plan in still)
                    {
                        db.Send(Queues.Deployments, plan.Id, plan.Begun ? new DeploymentNudged(plan.Id) : new BeginDeployment(plan.Id));
                    }

                    cleaning.ForEach(id => db.Send(Queues.Deployments, id, new DeploymentNudged(id)));
                    return Task.CompletedTask;
                },
                ct);
        }

        return still.Count + cleaning.Count;
    }
}
