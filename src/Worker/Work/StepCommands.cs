using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using MassTransit;

namespace DeployHub.Worker.Work;

/// <summary>Takes the commands in: claim, acknowledge; the run goes on by itself. A repeated command finds the work claimed or done.</summary>
public sealed class StepCommands(WorkRunner runner)
    : IConsumer<PrepareDeployment>, IConsumer<DeployService>, IConsumer<RollbackService>, IConsumer<FinalizeService>
{
    public Task Consume(ConsumeContext<PrepareDeployment> context) => runner.Accept(StepAct.Prepare, context.Message.PlanId, context.CancellationToken);

    public Task Consume(ConsumeContext<DeployService> context) => runner.Accept(StepAct.Deploy, context.Message.StepId, context.CancellationToken);

    public Task Consume(ConsumeContext<RollbackService> context) => runner.Accept(StepAct.Rollback, context.Message.StepId, context.CancellationToken);

    public Task Consume(ConsumeContext<FinalizeService> context) => runner.Accept(StepAct.Finalize, context.Message.StepId, context.CancellationToken);
}
