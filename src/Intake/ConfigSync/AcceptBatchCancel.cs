using System.ComponentModel;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.ConfigSync;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.ConfigSync;

/// <summary>How to stop a batch.</summary>
public record CancelBatchRequest
{
    [Description("true: bring back what was there before; false: what was written stays. Left out, the batch's own rollbackOnFailure.")]
    public bool? Rollback { get; init; }
}

/// <summary>Accepts the request to stop a batch. What is wanted stands in the batch's row from then on; the command only wakes its machine.</summary>
public sealed class AcceptBatchCancel(DeployHubDb db)
{
    private const int MostTries = 3;

    /// <param name="batchId">The batch to stop.</param>
    /// <param name="request">How.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    public Task<Result<AcceptedBatch>> Accept(Guid batchId, CancelBatchRequest request, Caller caller, CancellationToken ct) => db.Once(
        caller, $"cancel batch {batchId}", request, by => Accepted(batchId, request, by, ct), row => Task.FromResult<AcceptedBatch?>(new(row.ResourceId)), ct);

    private async Task<Result<AcceptedBatch>> Accepted(Guid batchId, CancelBatchRequest request, Caller caller, CancellationToken ct)
    {
        for (var tries = 0; tries < MostTries; tries++)
        {
            var batch = await db.SyncBatches.AsNoTracking().FirstOrDefaultAsync(x => x.Id == batchId, ct);
            if (batch is null)
            {
                return Refusal.NotFound("sync batch", batchId);
            }

            if (await Obstacle(batch, ct) is { } refusal)
            {
                return refusal;
            }

            if (batch.StopWantedAt is not null)
            {
                return request.Rollback is { } other && other != batch.CancelRollback ? Otherwise(batch) : new AcceptedBatch(batchId);
            }

            // The batch may have moved on between the look and the update: then look again.
            if (await Commit(batch, request.Rollback ?? batch.RollbackOnFailure, caller, ct))
            {
                return new AcceptedBatch(batchId);
            }
        }

        return Refusal.Unavailable("The batch changes faster than it can be cancelled.");
    }

    private async Task<bool> Commit(SyncBatch batch, bool rollback, Caller caller, CancellationToken ct)
    {
        var (updated, now) = (0, DateTime.UtcNow);
        await db.InTransaction(
            async () =>
            {
                updated = await db.SyncBatches.Where(x => x.Id == batch.Id && x.Status == batch.Status && x.StopWantedAt == null).ExecuteUpdateAsync(
                    set => set.SetProperty(x => x.Status, BatchStatus.Cancelling).SetProperty(x => x.StopWantedAt, now).SetProperty(x => x.CancelledBy, caller.Name)
                        .SetProperty(x => x.CancelRollback, rollback).SetProperty(x => x.UpdatedAt, now),
                    ct);
                if (updated == 1)
                {
                    db.TellBatch(batch.Id);
                    db.Record(caller, "sync_batch.cancel", batch.Id, batch.EnvironmentId, $"was {batch.Status.Word()}, {(rollback ? "taken back" : "kept")}");
                    db.Send(Queues.ConfigSyncs, batch.Id, new StopSyncBatch(batch.Id));
                }
            },
            ct);
        return updated == 1;
    }

    private async Task<Refusal?> Obstacle(SyncBatch batch, CancellationToken ct) =>
        batch.HasEnded ? Refusal.Conflict($"The batch has ended: it is {batch.Status.Word()}.")
        : batch.Status == BatchStatus.RollingBack || await db.SyncTargets.AnyAsync(x => x.BatchId == batch.Id && x.Status == TargetStatus.RestoreFailed, ct)
            ? Refusal.Conflict($"The batch is being taken back (it is {batch.Status.Word()}), and a rollback is not broken off.", null, "Wait until it has ended.")
            : null;

    private static Refusal Otherwise(SyncBatch batch) => Refusal.Conflict(
        $"«{batch.CancelledBy}» has cancelled the batch already, with «rollback»: {(batch.CancelRollback is true ? "true" : "false")}.", "rollback", "Wait until it has ended.");
}
