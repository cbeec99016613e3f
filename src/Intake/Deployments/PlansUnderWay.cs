using System.Linq.Expressions;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Deployments;

internal static class PlansUnderWay
{
    /// <summary>Refuses what would pull the ground from under a plan that has not ended; names the plan.</summary>
    public static async Task<Refusal?> FindPlanAt(
        this DeployHubDb db, string what, Expression<Func<DeploymentStep, bool>> concerned, CancellationToken ct)
    {
        var id = await db.Plans.Where(plan => PlanStatuses.UnderWay.Contains(plan.Status))
            .Where(plan => db.Steps.Where(concerned).Any(step => step.PlanId == plan.Id))
            .Select(plan => (Guid?)plan.Id).FirstOrDefaultAsync(ct);
        return id is null
            ? null
            : Refusal.Conflict($"The {what} is in use by the deployment plan {id}, which has not ended.", null, $"Wait for it: GET /api/deployment-plans/{id}.");
    }
}
