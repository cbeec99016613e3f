using DeployHub.Api.Http;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Intake;
using DeployHub.Intake.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Deployments;

/// <summary>Reads plans for the wire. What must not leave, such as a container's former inspection, is not even read.</summary>
internal sealed class PlanReader(DeployHubDb db, WaitingLine line)
{
    /// <summary>The plan with its steps as of one moment: one statement, so that the status never contradicts the steps.</summary>
    public Task<PlanView?> Find(Guid id, CancellationToken ct) => Find(id, null, ct);

    /// <summary>The same for a caller, who is told what the plan waits for as far as it sees that.</summary>
    public async Task<PlanView?> Find(Guid id, Caller? caller, CancellationToken ct)
    {
        var row = await db.Plans.AsNoTracking().Where(plan => plan.Id == id).Select(plan => new
        {
            Plan = plan,
            Steps = db.Steps.Where(step => step.PlanId == plan.Id).OrderBy(step => step.Order).Select(step => new ToldStep(
                step.Id, step.Order, step.Status, step.Phase, step.ServiceId, step.ServiceName, step.ServerId, step.ServerName, step.ContainerName,
                step.FromDigest, step.ToDigest, step.Attempts, step.StartedAt, step.CompletedAt, step.Error, step.Restored, step.Recreated, step.CleanupMessage)).ToList(),
        }).FirstOrDefaultAsync(ct);
        if (row is null)
        {
            return null;
        }

        var steps = row.Steps.ConvertAll(StepView.Of);
        return PlanView.Of(row.Plan, PlanCountsView.Of(steps.Count, status => steps.Count(step => step.Status == status)), steps,
            row.Plan.Status == PlanStatus.Queued ? await line.Before(id, row.Plan.EnvironmentId, caller, ct) : null);
    }

    /// <summary>A plan of which nothing has happened yet.</summary>
    public static PlanView Of(FreshPlan fresh) => PlanView.Of(fresh.Plan, PlanCountsView.Of(fresh.Steps.Count, _ => 0), fresh.Steps.ConvertAll(step => StepView.Of(new ToldStep(
        step.Id, step.Order, step.Status, step.Phase, step.ServiceId, step.ServiceName, step.ServerId, step.ServerName, step.ContainerName, null, null, step.Attempts, null, null, null,
        step.Restored, step.Recreated, null))));

    /// <summary>A page of plans, the newest first, without their steps.</summary>
    public async Task<PlanList> List(IQueryable<DeploymentPlan> plans, PlanFilter filter, PageRequest request, CancellationToken ct)
    {
        plans = filter.Narrow(plans).AsNoTracking();
        var page = filter.OfService is { } service
            ? (await filter.OfSteps(db, plans, service, request).ToListAsync(ct)).Cut(request, plan => (plan.CreatedAt, plan.Id))
            : await plans.Page(plan => plan.CreatedAt, plan => plan.Id, request, newestFirst: true, ct);
        var ids = page.Rows.ConvertAll(plan => plan.Id);
        var counts = (await db.Steps.Where(step => ids.Contains(step.PlanId)).GroupBy(step => new { step.PlanId, step.Status })
            .Select(group => new { group.Key.PlanId, group.Key.Status, Count = group.Count() }).ToListAsync(ct))
            .ToDictionary(row => (row.PlanId, row.Status), row => row.Count);
        return new PlanList(
            page.Rows.ConvertAll(plan => PlanView.Of(
                plan, PlanCountsView.Of(plan.StepCount, status => counts.GetValueOrDefault((plan.Id, status))), null)),
            page.NextCursor);
    }
}
