using DeployHub.Api.Http;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Intake;
using DeployHub.Intake.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Deployments;

/// <summary>A plan with its steps as of one moment, for all who asked for it at that moment.</summary>
internal sealed class ReadPlan
{
    public ReadPlan(DeploymentPlan plan, List<ToldStep> steps)
    {
        Plan = plan;
        Steps = steps.ConvertAll(StepView.Of);
        Polled = new(new PlanAnswer(View(null)), plan.Status.HasEnded());
    }

    public DeploymentPlan Plan { get; }

    public List<StepView> Steps { get; }

    /// <summary>What polls are told, but for what it waits for.</summary>
    public Polled<PlanAnswer> Polled { get; }

    public PlanView View(List<WaitsForView>? waitsFor) =>
        PlanView.Of(Plan, PlanCountsView.Of(Steps.Count, status => Steps.Count(step => step.Status == status)), Steps, waitsFor);
}

/// <summary>Reads plans for the wire. What must not leave, such as a container's former inspection, is not even read.</summary>
internal sealed class PlanReader(DeployHubDb db, SharedReads<Guid, ReadPlan> shared, WaitingLine line)
{
    /// <summary>
    /// Reads some plans with their steps as of one moment: one statement, so that no status contradicts its steps. Every poll waits for it, so its
    /// query is compiled once a host.
    /// </summary>
    public static Func<DeployHubDb, IReadOnlyCollection<Guid>, Task<Dictionary<Guid, ReadPlan>>> ById()
    {
        var query = EF.CompileAsyncQuery((DeployHubDb db, List<Guid> ids) =>
            db.Plans.AsNoTracking().Where(plan => ids.Contains(plan.Id)).Select(plan => new ReadRow(
                plan,
                db.Steps.Where(step => step.PlanId == plan.Id).OrderBy(step => step.Order).Select(step => new ToldStep(
                    step.Id, step.Order, step.Status, step.Phase, step.ServiceId, step.ServiceName, step.ServerId, step.ServerName, step.ContainerName,
                    step.FromDigest, step.ToDigest, step.Attempts, step.StartedAt, step.CompletedAt, step.Error, step.Restored, step.Recreated, step.CleanupMessage)).ToList())));
        return async (db, ids) =>
        {
            var found = new Dictionary<Guid, ReadPlan>(ids.Count);
            await foreach (var row in query(db, [.. ids]))
            {
                found.Add(row.Plan.Id, new ReadPlan(row.Plan, row.Steps));
            }

            return found;
        };
    }

    /// <summary>For a caller, who is told what the plan waits for as far as it sees that. Without a caller, so is what lies in the plan's environment.</summary>
    public async Task<PlanView?> Find(Guid id, Caller? caller, CancellationToken ct) => await shared.Find(id, ct) is { } read
        ? read.View(await WaitsFor(read.Plan, caller, ct))
        : null;

    /// <summary>The same, for a poll.</summary>
    public async Task<Polled<PlanAnswer>?> Poll(Guid id, Caller caller, CancellationToken ct) => await shared.Find(id, ct) is { } read
        ? await WaitsFor(read.Plan, caller, ct) is { } waitsFor ? new(new PlanAnswer(read.View(waitsFor)), hasEnded: false) : read.Polled
        : null;

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

    private async Task<List<WaitsForView>?> WaitsFor(DeploymentPlan plan, Caller? caller, CancellationToken ct) =>
        plan.Status == PlanStatus.Queued ? await line.Before(plan.Id, plan.EnvironmentId, caller, ct) : null;

    private sealed record ReadRow(DeploymentPlan Plan, List<ToldStep> Steps);
}
