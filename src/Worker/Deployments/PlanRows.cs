using DeployHub.Contracts.Channels;
using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Streams;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DeployHub.Worker.Deployments;

/// <summary>What the verbs share: the plan's rows in the message's transaction, and its numbered events.</summary>
internal static class PlanRows
{
    public static DeployHubDb Db(this SagaConsumeContext<DeploymentState> context) =>
        context.GetPayload<IServiceScope>().ServiceProvider.GetRequiredService<DeployHubDb>();

    /// <summary>
    /// The plan, loaded once a message, and with it whether it is to stop. Touching it tells the sweep that the plan moves; and it makes sure
    /// that a message which has not seen the plan stopped cannot be committed after that.
    /// </summary>
    public static async Task<DeploymentPlan> Plan(this SagaConsumeContext<DeploymentState> context)
    {
        var plan = await context.Db().Plans.FindAsync([context.Saga.CorrelationId], context.CancellationToken)
            ?? throw new InvalidOperationException($"Plan {context.Saga.CorrelationId} has no row.");
        context.Saga.See(plan);
        return plan;
    }

    /// <summary>The step and its plan in one round trip.</summary>
    public static async Task<(DeploymentPlan Plan, DeploymentStep Step)> Step(this SagaConsumeContext<DeploymentState> context, Guid stepId)
    {
        var db = context.Db();
        var rows = await db.Steps.Where(step => step.Id == stepId)
            .Join(db.Plans, step => step.PlanId, plan => plan.Id, (step, plan) => new { step, plan })
            .SingleAsync(context.CancellationToken);
        context.Saga.See(rows.plan);
        return (rows.plan, rows.step);
    }

    private static void See(this DeploymentState saga, DeploymentPlan plan)
    {
        plan.UpdatedAt = DateTime.UtcNow;
        (saga.Stopped, saga.StopTakesBack) = (plan.StopWantedAt is not null, plan.CancelRollback is true);
    }

    public static void SetDeadline(this SagaConsumeContext<DeploymentState> context, TimeSpan time)
    {
        var id = context.Saga.CorrelationId;
        context.Saga.DeadlineToken = Guid.CreateVersion7();
        context.Db().Schedule(Queues.Deployments, id, new DeploymentDeadlineReached(id, context.Saga.DeadlineToken.Value), time, context.Saga.DeadlineToken.Value);
    }

    public static async Task CallDeadlineOff(this SagaConsumeContext<DeploymentState> context)
    {
        if (context.Saga.DeadlineToken is { } token)
        {
            await context.Db().Unschedule(token, context.CancellationToken);
            context.Saga.DeadlineToken = null;
        }
    }

    public static async Task Close(this SagaConsumeContext<DeploymentState> context, DeploymentPlan plan, PlanStatus status)
    {
        plan.Status = status;
        plan.CompletedAt = DateTime.UtcNow;
        await context.CallDeadlineOff();
    }

    /// <summary>What was not begun is skipped; one that was to be tried again, and was not, stands as the former try left it.</summary>
    public static async Task SkipWhatIsLeft(this SagaConsumeContext<DeploymentState> context)
    {
        var (db, ct) = (context.Db(), context.CancellationToken);
        var steps = db.Steps.Where(x => x.PlanId == context.Saga.CorrelationId);
        var unbegun = steps.Where(x => x.Status == StepStatus.Pending && !x.Touched);
        await db.TellSteps(unbegun, ct);
        await unbegun.ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, StepStatus.Skipped), ct);
        if (context.Saga.Touched > 0)
        {
            var left = steps.Where(x => (x.Status == StepStatus.Pending || x.Status == StepStatus.Running) && x.Touched);
            await db.TellSteps(left, ct);
            await left.ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, StepStatus.Failed).SetProperty(x => x.Error, x => x.Failure), ct);
        }
    }

    public static Task GiveTargetsBack(this SagaConsumeContext<DeploymentState> context)
    {
        context.Saga.HoldsTargets = false;
        return context.Db().GiveBack(context.Saga.CorrelationId, context.CancellationToken);
    }

    /// <summary>Publishes a public event with the transaction, and tells it in the stream of the plan's environment; its facts carry the next number.</summary>
    public static void Announce(this SagaConsumeContext<DeploymentState> context, DeploymentPlan plan, object message)
    {
        context.Db().Publish(plan.Id, message, plan.TraceParent);
        context.Db().Tell(plan.EnvironmentId, EventChannels.Find(message.GetType())!.CloudEventType, message);
    }

    public static PlanEventFacts Facts(this SagaConsumeContext<DeploymentState> context, DeploymentPlan plan) =>
        new(plan.Id, plan.EnvironmentId, ++context.Saga.Sequence, DateTime.UtcNow, plan.ImageName, plan.ImageTag, plan.ImageDigest ?? plan.RequestedDigest,
            plan.EnvironmentName, plan.Status.Word());

    public static StepEventFacts Facts(this DeploymentStep step) =>
        new(step.Id, step.ServiceId, step.ServiceName, step.ServerId, step.ServerName, step.ContainerName, step.FromDigest, step.Status.Word());
}
