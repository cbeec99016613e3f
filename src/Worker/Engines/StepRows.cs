using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Servers;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using DeployHub.Persistence.Work;
using DeployHub.Worker.Deployments;
using DeployHub.Worker.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Engines;

/// <summary>A former container that could not be removed.</summary>
/// <param name="Message">Why, and what becomes of it.</param>
/// <param name="NextClears">The next plan of the target may remove it.</param>
public sealed record LeftOver(string Message, bool NextClears);

/// <summary>A step's rows as its worker reads and writes them: short transactions around the engine work, never across it.</summary>
public sealed class StepRows(DeployHubDb db)
{
    /// <summary>Marks the step as begun, tells it, and reads all that is needed for it. In few statements: every step pays for each round trip.</summary>
    /// <exception cref="LeaseLostException">Another worker has taken the step over.</exception>
    public async Task<StepFacts> Begin(WorkClaim claim, StepPhase phase, CancellationToken ct)
    {
        // What cleans up writes nothing here; its lease is proven when it ends.
        if (claim.Act == StepAct.Finalize)
        {
            return await Read(claim.SubjectId, ct);
        }

        StepFacts? facts = null;
        var limit = claim.Act == StepAct.Deploy ? StepTimes.Deploy : StepTimes.Rollback;
        await db.InTransaction(
            async () =>
            {
                if (await MarkBegun(claim, phase, limit, ct) != 1)
                {
                    throw new LeaseLostException(claim.Act, claim.SubjectId);
                }

                facts = await Read(claim.SubjectId, ct);
                db.TellStep(facts.Plan.Id, claim.SubjectId);
            },
            ct);
        return facts!;
    }

    /// <summary>Records what stands there, before the first change. From here on the step is taken back or kept, never forgotten.</summary>
    public Task Touch(WorkClaim claim, StepFacts facts, FormerState former, string newContainerId, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            await db.HoldLeaseToTouch(claim, ct);
            var target = db.ServiceDeployments.Where(d => d.Id == facts.Step.ServiceDeploymentId);
            await db.Steps.Where(x => x.Id == claim.SubjectId).ExecuteUpdateAsync(
                set => set
                    .SetProperty(x => x.Touched, true)
                    .SetProperty(x => x.Phase, StepPhase.Replacing)
                    .SetProperty(x => x.FromContainerId, former.ContainerId)
                    .SetProperty(x => x.FromDigest, former.Digest)
                    .SetProperty(x => x.FromImageId, former.ImageId)
                    .SetProperty(x => x.FromRestartPolicy, former.RestartPolicy)
                    .SetProperty(x => x.FromWasRunning, former.WasRunning)
                    .SetProperty(x => x.FromInspection, former.Inspection)
                    .SetProperty(x => x.FromPlanId, x => x.Touched ? x.FromPlanId : target.Select(d => d.LastPlanId).First())
                    .SetProperty(x => x.FromTag, x => x.Touched ? x.FromTag : target.Select(d => d.CurrentTag).First())
                    .SetProperty(x => x.ToContainerId, newContainerId)
                    .SetProperty(x => x.ToDigest, facts.Plan.ImageDigest),
                ct);
            await target.ExecuteUpdateAsync(set => set.SetProperty(x => x.LastPlanId, facts.Plan.Id), ct);
            db.TellStep(facts.Plan.Id, claim.SubjectId);
        },
        ct);

    public Task SetPhase(WorkClaim claim, Guid planId, StepPhase phase, CancellationToken ct) =>
        db.ChangeStep(planId, claim.SubjectId, $"UPDATE deployment_steps SET phase = {phase.Word()} WHERE id = {claim.SubjectId}", ct);

    /// <summary>The result of a step that serves: step, target, lease and report in one transaction.</summary>
    public Task Succeeded(WorkClaim claim, StepFacts facts, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            await db.EndWork(claim.Act, claim.SubjectId, claim.Owner, ct);
            await db.Steps.Where(x => x.Id == claim.SubjectId).ExecuteUpdateAsync(
                set => set
                    .SetProperty(x => x.Status, StepStatus.Success)
                    .SetProperty(x => x.Phase, (StepPhase?)null)
                    .SetProperty(x => x.Failure, (DeploymentError?)null)
                    .SetProperty(x => x.CompletedAt, DateTime.UtcNow),
                ct);
            await db.ServiceDeployments.Where(x => x.Id == facts.Step.ServiceDeploymentId).ExecuteUpdateAsync(
                set => set
                    .SetProperty(x => x.CurrentDigest, facts.Plan.ImageDigest)
                    .SetProperty(x => x.CurrentTag, facts.Plan.ImageTag)
                    .SetProperty(x => x.CurrentContainerId, x => db.Steps.Where(s => s.Id == claim.SubjectId).Select(s => s.ToContainerId).First())
                    .SetProperty(x => x.KeptStepId, (Guid?)null)
                    .SetProperty(x => x.DeployedAt, DateTime.UtcNow),
                ct);
            db.TellStep(facts.Plan.Id, claim.SubjectId);
            db.Send(Queues.Deployments, facts.Plan.Id, new StepSucceeded(facts.Plan.Id, claim.SubjectId));
        },
        ct);

    public Task Failed(WorkClaim claim, Guid planId, DeploymentError error, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            await End(claim, StepStatus.Failed, error, ct);
            if (error.Code == DeploymentErrorCodes.EngineUnreachable)
            {
                await db.Servers.Where(server => db.Steps.Any(x => x.Id == claim.SubjectId && x.ServerId == server.Id)).ExecuteUpdateAsync(
                    set => set.SetProperty(x => x.Status, ServerStatus.Unreachable).SetProperty(x => x.StatusMessage, error.Message), ct);
            }

            db.TellStep(planId, claim.SubjectId);
            db.Send(Queues.Deployments, planId, new StepFailed(planId, claim.SubjectId));
        },
        ct);

    /// <summary>The plan was stopped. A step that changed something waits, without a worker, to be taken back; see the machine's IsStopped.</summary>
    public Task Stopped(WorkClaim claim, Guid planId, string? leftOver, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            await db.EndWork(claim.Act, claim.SubjectId, claim.Owner, ct);
            await db.Steps.Where(x => x.Id == claim.SubjectId).ExecuteUpdateAsync(
                set => set
                    .SetProperty(x => x.Status, x => x.Touched ? StepStatus.Running : StepStatus.Skipped)
                    .SetProperty(x => x.CleanupMessage, x => leftOver ?? x.CleanupMessage)
                    .SetProperty(x => x.Phase, (StepPhase?)null)
                    .SetProperty(x => x.CompletedAt, DateTime.UtcNow),
                ct);
            db.TellStep(planId, claim.SubjectId);
            db.Send(Queues.Deployments, planId, new StepStopped(planId, claim.SubjectId));
        },
        ct);

    /// <summary>The target is as it was. A step that had failed stays failed, with its error, and says that it was restored.</summary>
    public Task Restored(WorkClaim claim, StepFacts facts, string? containerId, bool recreated, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            await db.EndWork(claim.Act, claim.SubjectId, claim.Owner, ct);
            var failed = facts.Step.Error is not null;
            await db.Steps.Where(x => x.Id == claim.SubjectId).ExecuteUpdateAsync(
                set => set
                    .SetProperty(x => x.Status, failed ? StepStatus.Failed : StepStatus.RolledBack)
                    .SetProperty(x => x.Phase, (StepPhase?)null)
                    .SetProperty(x => x.Restored, true)
                    .SetProperty(x => x.Recreated, recreated)
                    .SetProperty(x => x.CompletedAt, DateTime.UtcNow),
                ct);
            await db.ServiceDeployments.Where(x => x.Id == facts.Step.ServiceDeploymentId).ExecuteUpdateAsync(
                set => set
                    .SetProperty(x => x.CurrentDigest, facts.Step.FromDigest)
                    .SetProperty(x => x.CurrentTag, facts.Step.FromTag)
                    .SetProperty(x => x.LastPlanId, facts.Step.FromPlanId)
                    .SetProperty(x => x.CurrentContainerId, containerId)
                    .SetProperty(x => x.KeptStepId, (Guid?)null),
                ct);
            if (recreated)
            {
                // It stands for the container that the former plan had made, and can be taken back as that one could.
                await db.Steps.Where(x => x.PlanId == facts.Step.FromPlanId && x.ServiceDeploymentId == facts.Step.ServiceDeploymentId)
                    .ExecuteUpdateAsync(set => set.SetProperty(x => x.ToContainerId, containerId), ct);
            }

            db.TellStep(facts.Plan.Id, claim.SubjectId);
            db.Send(Queues.Deployments, facts.Plan.Id, new StepRestored(facts.Plan.Id, claim.SubjectId));
        },
        ct);

    public Task NotRestored(WorkClaim claim, Guid planId, DeploymentError error, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            // A later try of the rollback has to know how the step had ended.
            await db.Steps.Where(x => x.Id == claim.SubjectId).ExecuteUpdateAsync(set => set.SetProperty(x => x.Failure, x => x.Failure ?? x.Error), ct);
            await End(claim, StepStatus.RollbackFailed, error, ct);
            db.TellStep(planId, claim.SubjectId);
            db.Send(Queues.Deployments, planId, new StepRestoreFailed(planId, claim.SubjectId));
        },
        ct);

    /// <summary>The former container is gone, or what is left over says why it is not; then the next plan of the target knows of it.</summary>
    public Task Finalized(WorkClaim claim, StepFacts facts, LeftOver? leftOver, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            await db.EndWork(claim.Act, claim.SubjectId, claim.Owner, ct);
            if (leftOver is not null)
            {
                await db.Steps.Where(x => x.Id == claim.SubjectId).ExecuteUpdateAsync(set => set.SetProperty(x => x.CleanupMessage, leftOver.Message), ct);
            }

            if (leftOver is { NextClears: true })
            {
                await db.ServiceDeployments.Where(x => x.Id == facts.Step.ServiceDeploymentId)
                    .ExecuteUpdateAsync(set => set.SetProperty(x => x.KeptStepId, claim.SubjectId), ct);
            }

            db.Send(Queues.Deployments, facts.Plan.Id, new StepFinalized(facts.Plan.Id, claim.SubjectId));
        },
        ct);

    public Task<Guid> PlanOf(Guid stepId, CancellationToken ct) => db.Steps.Where(x => x.Id == stepId).Select(x => x.PlanId).SingleAsync(ct);

    private async Task End(WorkClaim claim, StepStatus status, DeploymentError error, CancellationToken ct)
    {
        await db.EndWork(claim.Act, claim.SubjectId, claim.Owner, ct);
        await db.Steps.Where(x => x.Id == claim.SubjectId).ExecuteUpdateAsync(
            set => set
                .SetProperty(x => x.Status, status)
                .SetProperty(x => x.Phase, (StepPhase?)null)
                .SetProperty(x => x.Error, error with { StepId = claim.SubjectId })
                .SetProperty(x => x.CompletedAt, DateTime.UtcNow),
            ct);
    }

    // The deadline is set by the first try of this act and stands for all later ones.
    private Task<int> MarkBegun(WorkClaim claim, StepPhase phase, TimeSpan limit, CancellationToken ct)
    {
        var held = db.Held(claim);
        return db.Steps.Where(x => x.Id == claim.SubjectId && held.Any()).ExecuteUpdateAsync(
            set => set
                .SetProperty(x => x.DeadlineAt, x => x.DeadlineAt == null || x.CompletedAt != null ? DateTime.UtcNow.AddSeconds(limit.TotalSeconds) : x.DeadlineAt)
                .SetProperty(x => x.Status, x => claim.Act == StepAct.Deploy ? StepStatus.Running : x.Status)
                .SetProperty(x => x.Phase, x => x.Touched && claim.Act == StepAct.Deploy ? x.Phase : phase)
                .SetProperty(x => x.Attempts, x => x.CompletedAt != null ? 1 : x.Attempts + 1)
                .SetProperty(x => x.StartedAt, x => x.StartedAt ?? DateTime.UtcNow)
                .SetProperty(x => x.CompletedAt, (DateTime?)null),
            ct);
    }

    /// <summary>Reads all that is needed for the step.</summary>
    public async Task<StepFacts> Read(Guid stepId, CancellationToken ct)
    {
        var rows = await (
            from step in db.Steps.AsNoTracking()
            where step.Id == stepId
            join plan in db.Plans.AsNoTracking() on step.PlanId equals plan.Id
            join server in db.Servers.AsNoTracking() on step.ServerId equals server.Id
            join registry in db.Registries.AsNoTracking() on plan.RegistryConnectionId equals registry.Id into registries
            from registry in registries.DefaultIfEmpty()
            join target in db.ServiceDeployments on step.ServiceDeploymentId equals target.Id into targets
            from target in targets.DefaultIfEmpty()
            join kept in db.Steps.AsNoTracking() on target.KeptStepId equals kept.Id into keptSteps
            from kept in keptSteps.DefaultIfEmpty()
            select new { step, plan, server, registry, kept }).SingleAsync(ct);
        return new StepFacts(rows.step, rows.plan, rows.server, rows.registry, rows.kept?.PlanId == rows.plan.Id ? null : rows.kept);
    }
}
