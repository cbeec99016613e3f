using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Work;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Deployments;

/// <summary>The verbs of the machine that send steps out, a window at a time, and count what comes back, each report once.</summary>
internal static class StepVerbs
{
    private const int FinalizersAtOnce = 16;

    public static EventActivityBinder<DeploymentState, T> SendNextSteps<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var saga = context.Saga;
            if (saga.Stopped)
            {
                return;
            }

            var next = await context.Db().Steps.Where(x => x.PlanId == saga.CorrelationId && x.Order >= saga.NextOrder && x.Status == StepStatus.Pending)
                .OrderBy(x => x.Order).Select(x => new { x.Id, x.Order }).Take(saga.MaxParallel - saga.InFlight).ToListAsync(context.CancellationToken);
            saga.NextOrder = next.Count > 0 ? next[^1].Order + 1 : saga.NextOrder;
            context.SendWork(StepAct.Deploy, next.ConvertAll(x => x.Id), id => new DeployService(saga.CorrelationId, id));
        });

    public static EventActivityBinder<DeploymentState, T> SendNextRollbacks<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var saga = context.Saga;
            var next = await context.Db().Steps.Where(x => x.PlanId == saga.CorrelationId && x.Order < saga.NextOrder && x.Touched && !x.Restored)
                .OrderByDescending(x => x.Order).Select(x => new { x.Id, x.Order }).Take(saga.MaxParallel - saga.InFlight).ToListAsync(context.CancellationToken);
            saga.NextOrder = next.Count > 0 ? next[^1].Order : saga.NextOrder;
            context.SendWork(StepAct.Rollback, next.ConvertAll(x => x.Id), id => new RollbackService(saga.CorrelationId, id));
        });

    public static EventActivityBinder<DeploymentState, T> SendNextFinalizers<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var saga = context.Saga;
            var next = await context.Db().Steps.Where(x => x.PlanId == saga.CorrelationId && x.Order >= saga.NextOrder && x.FromContainerId != null)
                .OrderBy(x => x.Order).Select(x => new { x.Id, x.Order }).Take(FinalizersAtOnce - saga.InFlight).ToListAsync(context.CancellationToken);
            saga.NextOrder = next.Count > 0 ? next[^1].Order + 1 : saga.NextOrder;
            context.SendWork(StepAct.Finalize, next.ConvertAll(x => x.Id), id => new FinalizeService(saga.CorrelationId, id));
        });

    public static EventActivityBinder<DeploymentState, StepSucceeded> RecordSuccess(this EventActivityBinder<DeploymentState, StepSucceeded> binder) =>
        binder.ThenAsync(context => context.CountOnce(context.Message.StepId, StepAct.Deploy, step => step.Status == StepStatus.Success, (plan, step) =>
        {
            context.Saga.Succeeded++;
            context.Saga.Touched += NewlyTouched(step);
            context.Announce(plan, new ServiceDeployed(context.Facts(plan), step.Facts()));
        }));

    public static EventActivityBinder<DeploymentState, StepFailed> RecordFailure(this EventActivityBinder<DeploymentState, StepFailed> binder) =>
        binder.ThenAsync(context => context.CountOnce(context.Message.StepId, StepAct.Deploy, step => step.Status == StepStatus.Failed, (plan, step) =>
        {
            context.Saga.Failed++;
            context.Saga.Touched += NewlyTouched(step);
            plan.Error ??= step.Error! with { StepId = step.Id };
            context.Announce(plan, new ServiceDeployFailed(context.Facts(plan), step.Facts(), step.Error!));
        }));

    public static EventActivityBinder<DeploymentState, StepStopped> RecordStopped(this EventActivityBinder<DeploymentState, StepStopped> binder) =>
        binder.ThenAsync(context => context.CountOnce(context.Message.StepId, StepAct.Deploy, IsStopped, (_, step) => context.Saga.Touched += NewlyTouched(step)));

    public static EventActivityBinder<DeploymentState, StepRestored> RecordRestored(this EventActivityBinder<DeploymentState, StepRestored> binder) =>
        binder.ThenAsync(context => context.CountOnce(context.Message.StepId, StepAct.Rollback, step => step.Restored, (plan, step) =>
            context.Announce(plan, new ServiceRolledBack(context.Facts(plan), step.Facts()))));

    public static EventActivityBinder<DeploymentState, StepRestoreFailed> RecordNotRestored(this EventActivityBinder<DeploymentState, StepRestoreFailed> binder) =>
        binder.ThenAsync(context => context.CountOnce(context.Message.StepId, StepAct.Rollback, step => step.Status == StepStatus.RollbackFailed, (plan, step) =>
        {
            context.Saga.NotRestored++;
            context.Announce(plan, new ServiceRollbackFailed(context.Facts(plan), step.Facts(), step.Error!));
        }));

    public static EventActivityBinder<DeploymentState, StepFinalized> RecordFinalized(this EventActivityBinder<DeploymentState, StepFinalized> binder) =>
        binder.ThenAsync(context => context.CountOnce(context.Message.StepId, StepAct.Finalize, _ => true, (_, _) => { }));

    /// <summary>Tells again what the rows hold and the machine has not counted: a report whose message was lost.</summary>
    public static EventActivityBinder<DeploymentState, T> RetellReports<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var (db, planId) = (context.Db(), context.Saga.CorrelationId);
            await context.Plan();
            var silent = await db.Steps.AsNoTracking()
                .Where(x => x.PlanId == planId && x.Status != StepStatus.Pending && !db.WorkItems.Any(work => work.SubjectId == x.Id))
                .ToListAsync(context.CancellationToken);
            foreach (var step in silent)
            {
                if (LostReport(context.Saga, step) is { } report)
                {
                    db.Send(Queues.Deployments, planId, report);
                }
            }
        });

    private static object? LostReport(DeploymentState saga, DeploymentStep step) => (saga.CurrentState, step.Counted, step.Status) switch
    {
        (_, null, StepStatus.Success) => new StepSucceeded(step.PlanId, step.Id),
        (_, null, StepStatus.Failed) => new StepFailed(step.PlanId, step.Id),
        ("Draining", null, _) when IsStopped(step) => new StepStopped(step.PlanId, step.Id),
        ("RollingBack", StepAct.Deploy or StepAct.Finalize, StepStatus.RollbackFailed) => new StepRestoreFailed(step.PlanId, step.Id),
        ("RollingBack", StepAct.Deploy or StepAct.Finalize, _) when step.Restored => new StepRestored(step.PlanId, step.Id),
        ("Finalizing", StepAct.Deploy, StepStatus.Success) when step.FromContainerId is not null && step.Order < saga.NextOrder =>
            new StepFinalized(step.PlanId, step.Id),
        _ => null,
    };

    private static void SendWork(this SagaConsumeContext<DeploymentState> context, StepAct act, List<Guid> steps, Func<Guid, object> command)
    {
        context.Saga.InFlight += steps.Count;
        foreach (var id in steps)
        {
            context.Db().AddWork(act, id, context.Saga.CorrelationId);
            context.Db().Send(Queues.Steps, context.Saga.CorrelationId, command(id));
        }
    }

    // Its worker ended it without success or failure, as its plan was stopped: skipped where nothing is touched, else it waits to be taken back.
    private static bool IsStopped(DeploymentStep step) => step is { CompletedAt: not null, Status: StepStatus.Skipped or StepStatus.Running };

    private static int NewlyTouched(DeploymentStep step) => step is { Touched: true, SpentContainerId: null } ? 1 : 0;

    // The row is written with the report, so a report that the row does not bear out is one of a former try, on its way for long.
    private static async Task CountOnce(
        this SagaConsumeContext<DeploymentState> context, Guid stepId, StepAct act, Func<DeploymentStep, bool> isTrue, Action<DeploymentPlan, DeploymentStep> count)
    {
        var (plan, step) = await context.Step(stepId);
        if (step.Counted == act || (act == StepAct.Deploy && step.Counted is not null) || !isTrue(step))
        {
            return;
        }

        step.Counted = act;
        context.Saga.InFlight--;
        count(plan, step);
    }
}
