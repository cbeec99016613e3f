using DeployHub.Contracts.Channels;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.ConfigSync;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Streams;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace DeployHub.Worker.ConfigSync;

/// <summary>What the verbs share: the batch's rows in the message's transaction, and its numbered events.</summary>
internal static class BatchRows
{
    public static DeployHubDb Db(this SagaConsumeContext<ConfigSyncState> context) =>
        context.GetPayload<IServiceScope>().ServiceProvider.GetRequiredService<DeployHubDb>();

    /// <summary>
    /// The batch, loaded once a message, and with it whether it is to stop. Touching it tells the sweep that the batch moves; and it makes
    /// sure that a message which has not seen the batch stopped cannot be committed after that.
    /// </summary>
    public static async Task<SyncBatch> Batch(this SagaConsumeContext<ConfigSyncState> context)
    {
        var batch = await context.Db().SyncBatches.FindAsync([context.Saga.CorrelationId], context.CancellationToken)
            ?? throw new InvalidOperationException($"Batch {context.Saga.CorrelationId} has no row.");
        batch.UpdatedAt = DateTime.UtcNow;
        (context.Saga.Stopped, context.Saga.StopTakesBack) = (batch.StopWantedAt is not null, batch.CancelRollback is true);
        return batch;
    }

    public static void SetDeadline(this SagaConsumeContext<ConfigSyncState> context, TimeSpan time)
    {
        var id = context.Saga.CorrelationId;
        context.Saga.DeadlineToken = Guid.CreateVersion7();
        context.Db().Schedule(Queues.ConfigSyncs, id, new SyncBatchDeadlineReached(id, context.Saga.DeadlineToken.Value), time, context.Saga.DeadlineToken.Value);
    }

    public static async Task CallDeadlineOff(this SagaConsumeContext<ConfigSyncState> context)
    {
        if (context.Saga.DeadlineToken is { } token)
        {
            await context.Db().Unschedule(token, context.CancellationToken);
            context.Saga.DeadlineToken = null;
        }
    }

    /// <summary>Publishes a public event with the transaction, and tells it in the stream of the batch's environment; its facts carry the next number.</summary>
    public static void Announce(this SagaConsumeContext<ConfigSyncState> context, SyncBatch batch, object message)
    {
        context.Db().Publish(batch.Id, message, batch.TraceParent);
        context.Db().Tell(batch.EnvironmentId, EventChannels.Find(message.GetType())!.CloudEventType, message);
    }

    public static BatchEventFacts Facts(this SagaConsumeContext<ConfigSyncState> context, SyncBatch batch) =>
        new(batch.Id, batch.EnvironmentId, ++context.Saga.Sequence, DateTime.UtcNow, batch.EnvironmentName, batch.Status.Word());

    public static TargetEventFacts Facts(this TargetRow target) => new(
        target.Id, target.OperationIndex, target.ConfigFileId, target.ServerId, target.ServerName, target.Path, target.FromHash, target.ToHash, target.Status.Word());
}

/// <summary>A target without its contents.</summary>
internal sealed record TargetRow(
    Guid Id, Guid OperationId, int OperationIndex, Guid ConfigFileId, int Order, Guid ServerId, string ServerName, string Path, string? FromHash, string ToHash,
    bool Touched, TargetStatus Status, SyncError? Error, SyncAct? Counted);
