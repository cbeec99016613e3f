using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using MassTransit;

namespace DeployHub.Worker.Work;

/// <summary>Takes the commands in: claim, acknowledge; the run goes on by itself. A repeated command finds the work claimed or done.</summary>
public sealed class StepCommands(WorkRunner runner)
    : IConsumer<PrepareDeployment>, IConsumer<DeployService>, IConsumer<RollbackService>, IConsumer<FinalizeService>,
        IConsumer<PrepareSyncBatch>, IConsumer<SyncConfigFile>, IConsumer<RestoreConfigFile>, IConsumer<CleanUpSyncBatch>
{
    public Task Consume(ConsumeContext<PrepareDeployment> context) => runner.Accept(StepAct.Prepare, context.Message.PlanId, context.CancellationToken);

    public Task Consume(ConsumeContext<DeployService> context) => runner.Accept(StepAct.Deploy, context.Message.StepId, context.CancellationToken);

    public Task Consume(ConsumeContext<RollbackService> context) => runner.Accept(StepAct.Rollback, context.Message.StepId, context.CancellationToken);

    public Task Consume(ConsumeContext<FinalizeService> context) => runner.Accept(StepAct.Finalize, context.Message.StepId, context.CancellationToken);

    public Task Consume(ConsumeContext<PrepareSyncBatch> context) => runner.Accept(StepAct.SyncPrepare, context.Message.BatchId, context.CancellationToken);

    public Task Consume(ConsumeContext<SyncConfigFile> context) => runner.Accept(StepAct.SyncWrite, context.Message.TargetId, context.CancellationToken);

    public Task Consume(ConsumeContext<RestoreConfigFile> context) => runner.Accept(StepAct.SyncRestore, context.Message.TargetId, context.CancellationToken);

    public Task Consume(ConsumeContext<CleanUpSyncBatch> context) => runner.Accept(StepAct.SyncCleanUp, context.Message.BatchId, context.CancellationToken);
}
