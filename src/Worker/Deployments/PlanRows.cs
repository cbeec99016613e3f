using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DeployHub.Worker.Deployments;

/// <summary>What the verbs share: the plan's rows in the message's transaction, and its numbered events.</summary>
internal static class PlanRows
{
    public static DeployHubDb Db(this SagaConsumeContext<DeploymentState> context) =>
        context.GetPayload<IServiceScope>().ServiceProvider.GetRequiredService<DeployHubDb>();

    /// <summary>The plan, loaded once a message. Touching it tells the sweep that the plan moves.</summary>
    public static async Task<DeploymentPlan> Plan(this SagaConsumeContext<DeploymentState> context)
    {
        var plan = await context.Db().Plans.FindAsync([context.Saga.CorrelationId], context.CancellationToken)
            ?? throw new InvalidOperationException($"Plan {context.Saga.CorrelationId} has no row.");
        plan.UpdatedAt = DateTime.UtcNow;
        return plan;
    }

    /// <summary>The step and its plan in one round trip.</summary>
    public static async Task<(DeploymentPlan Plan, DeploymentStep Step)> Step(this SagaConsumeContext<DeploymentState> context, Guid stepId)
    {
        var db = context.Db();
        var rows = await db.Steps.Where(step => step.Id == stepId)
            .Join(db.Plans, step => step.PlanId, plan => plan.Id, (step, plan) => new { step, plan })
            .SingleAsync(context.CancellationToken);
        rows.plan.UpdatedAt = DateTime.UtcNow;
        return (rows.plan, rows.step);
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

    public static Task SkipWhatIsLeft(this SagaConsumeContext<DeploymentState> context) =>
        context.Db().Steps.Where(x => x.PlanId == context.Saga.CorrelationId && x.Status == StepStatus.Pending)
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, StepStatus.Skipped), context.CancellationToken);

    public static Task GiveTargetsBack(this SagaConsumeContext<DeploymentState> context)
    {
        context.Saga.HoldsTargets = false;
        return context.Db().GiveBack(context.Saga.CorrelationId, context.CancellationToken);
    }

    /// <summary>Publishes a public event with the transaction; its facts carry the next number.</summary>
    public static void Announce(this SagaConsumeContext<DeploymentState> context, object message) =>
        context.Db().Publish(context.Saga.CorrelationId, message);

    public static PlanEventFacts Facts(this SagaConsumeContext<DeploymentState> context, DeploymentPlan plan) =>
        new(plan.Id, plan.EnvironmentId, ++context.Saga.Sequence, DateTime.UtcNow, plan.ImageName, plan.ImageTag, plan.ImageDigest ?? plan.RequestedDigest);

    public static StepEventFacts Facts(this DeploymentStep step) =>
        new(step.Id, step.ServiceId, step.ServiceName, step.ServerId, step.ServerName, step.ContainerName, step.FromDigest, step.Status.Word());
}
