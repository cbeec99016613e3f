using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Work;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Deployments;

/// <summary>
/// The verbs of the machine that stop a plan and that go on with one. What is wanted stands in the plan's row from the moment that it was
/// accepted; the message only wakes the machine, and every other message that reads the row heeds it as well.
/// </summary>
internal static class StopVerbs
{
    /// <summary>Reads whether the plan is to stop.</summary>
    public static EventActivityBinder<DeploymentState, T> LookForStop<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(context => context.Plan());

    /// <summary>Takes the preparation out of its worker's hands: its result will find no lease.</summary>
    public static EventActivityBinder<DeploymentState, T> CallPreparationOff<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(context => context.Db().WorkItems.Where(x => x.SubjectId == context.Saga.CorrelationId && x.Act == StepAct.Prepare)
            .ExecuteDeleteAsync(context.CancellationToken));

    /// <summary>Tells the workers how far the steps in flight may still go. Each reports how it ended.</summary>
    public static EventActivityBinder<DeploymentState, T> StopWhatIsInFlight<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var point = context.Saga.StopTakesBack ? StopPoint.Anywhere : StopPoint.BeforeTouch;
            await context.Db().WorkItems.Where(x => x.PlanId == context.Saga.CorrelationId && x.Act == StepAct.Deploy)
                .ExecuteUpdateAsync(set => set.SetProperty(x => x.StopAt, point), context.CancellationToken);
            await context.CallDeadlineOff();
        });

    /// <summary>Begins the preparation of a plan that goes on, and counts where it stands.</summary>
    public static EventActivityBinder<DeploymentState, T> OpenAgain<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var (db, saga, steps) = (context.Db(), context.Saga, context.Db().Steps.Where(x => x.PlanId == context.Saga.CorrelationId));
            saga.Succeeded = await steps.CountAsync(x => x.Status == StepStatus.Success, context.CancellationToken);
            saga.Touched = await steps.CountAsync(x => x.Touched, context.CancellationToken);
            (saga.Failed, saga.InFlight, saga.NextOrder) = (0, 0, 0);
            db.AddWork(StepAct.Prepare, saga.CorrelationId, saga.CorrelationId);
            db.Send(Queues.Steps, saga.CorrelationId, new PrepareDeployment(saga.CorrelationId));
        });
}
