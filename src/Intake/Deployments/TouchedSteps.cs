using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Deployments;

internal static class TouchedSteps
{
    /// <summary>Why the plan's containers cannot be taken back any more, or null: they must be there, and no later plan may have touched them.</summary>
    public static async Task<Refusal?> FindObstacle(this DeployHubDb db, Guid planId, CancellationToken ct)
    {
        var touched = await (from step in db.Steps.AsNoTracking()
                             where step.PlanId == planId && step.Touched && !step.Restored
                             from deployment in db.ServiceDeployments.Where(x => x.Id == step.ServiceDeploymentId).DefaultIfEmpty()
                             from server in db.Servers.Where(x => x.Id == step.ServerId).DefaultIfEmpty()
                             orderby step.Order
                             select new { step.ServiceName, step.ServerName, IsThere = deployment != null && server != null, deployment!.LastPlanId }).ToListAsync(ct);
        if (touched.Count == 0)
        {
            return Refusal.Conflict("No container of this plan stands on a server, so there is nothing to take back.");
        }

        if (touched.Find(step => !step.IsThere) is { } gone)
        {
            return Gone(gone.ServiceName, gone.ServerName, "taken back");
        }

        return touched.Find(step => step.LastPlanId != planId) is { } later
            ? Refusal.Conflict(
                $"A later plan, {later.LastPlanId}, has touched the service «{later.ServiceName}» on the server «{later.ServerName}».", null,
                $"Roll that plan back first: POST /api/deployment-plans/{later.LastPlanId}/rollback.")
            : null;
    }

    /// <summary>Why the plan cannot go on any more, or null: all its targets must be there, and no later plan may have touched one.</summary>
    public static async Task<Refusal?> FindObstacleToGoOn(this DeployHubDb db, Guid planId, DateTime createdAt, CancellationToken ct)
    {
        var steps = await (from step in db.Steps.AsNoTracking()
                           where step.PlanId == planId
                           from deployment in db.ServiceDeployments.Where(x => x.Id == step.ServiceDeploymentId).DefaultIfEmpty()
                           from server in db.Servers.Where(x => x.Id == step.ServerId).DefaultIfEmpty()
                           from last in db.Plans.Where(x => x.Id == deployment!.LastPlanId).DefaultIfEmpty()
                           orderby step.Order
                           select new
                           {
                               step.ServiceName, step.ServerName, IsThere = deployment != null && server != null, deployment!.LastPlanId,
                               IsLater = deployment.LastPlanId != planId && (step.Touched || (last != null && last.CreatedAt > createdAt)),
                           }).ToListAsync(ct);
        return steps.Find(step => !step.IsThere) is { } gone ? Gone(gone.ServiceName, gone.ServerName, "gone on with")
            : steps.Find(step => step.IsLater) is { } later ? Refusal.Conflict(
                $"Another plan, {later.LastPlanId}, has touched the service «{later.ServiceName}» on the server «{later.ServerName}» since; going on would undo it.", null,
                "Deploy again what should run.")
            : null;
    }

    private static Refusal Gone(string service, string server, string what) =>
        Refusal.Conflict($"The service «{service}» is no longer on the server «{server}», so the plan cannot be {what}.");
}
