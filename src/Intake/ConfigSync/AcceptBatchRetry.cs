using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.ConfigSync;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.ConfigSync;

/// <summary>Accepts the request to go on with a batch that has ended short of its aim, with the contents that it was accepted with.</summary>
public sealed class AcceptBatchRetry(DeployHubDb db)
{
    /// <param name="batchId">The batch to go on with.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    public Task<Result<AcceptedBatch>> Accept(Guid batchId, Caller caller, CancellationToken ct) => db.Once(
        caller, $"retry batch {batchId}", new { }, by => TryAccept(batchId, by, ct), row => Task.FromResult<AcceptedBatch?>(new(row.ResourceId)), ct);

    private async Task<Result<AcceptedBatch>> TryAccept(Guid batchId, Caller caller, CancellationToken ct)
    {
        var batch = await db.SyncBatches.AsNoTracking().FirstOrDefaultAsync(x => x.Id == batchId, ct);
        if (batch is null)
        {
            return Refusal.NotFound("sync batch", batchId);
        }

        if (batch.Status is not (BatchStatus.Failed or BatchStatus.Partial or BatchStatus.Cancelled))
        {
            return WrongStatus(batch.Status);
        }

        var targets = await (from target in db.SyncTargets.AsNoTracking()
                             where target.BatchId == batchId
                             from server in db.Servers.Where(x => x.Id == target.ServerId).DefaultIfEmpty()
                             orderby target.Order
                             select new Place(
                                 target.Status, target.Path, target.ContainerName, target.OnChange, target.ServerId, target.ServerName, server != null, server!.EngineId))
            .ToListAsync(ct);
        if (await Obstacle(batch, targets, ct) is { } refusal)
        {
            return refusal;
        }

        return await Commit(batch, targets, caller, ct)
            ? new AcceptedBatch(batchId)
            : WrongStatus(await db.SyncBatches.Where(x => x.Id == batchId).Select(x => x.Status).FirstAsync(ct));
    }

    private async Task<Refusal?> Obstacle(SyncBatch batch, List<Place> targets, CancellationToken ct)
    {
        if (targets.Find(x => !x.IsThere) is { } gone)
        {
            return Refusal.Conflict($"The server «{gone.ServerName}» is not there any more, so the batch cannot be gone on with.", null, "Send a new batch.");
        }

        if (targets.Exists(x => x.Status == TargetStatus.RestoreFailed))
        {
            return null;
        }

        var hopeless = batch.RollbackOnFailure && await db.SyncOperations.AnyAsync(
            x => x.BatchId == batch.Id && x.Status == OperationStatus.Failed && !db.SyncTargets.Any(target => target.OperationId == x.Id), ct);
        return hopeless || !targets.Exists(x => x.Status is TargetStatus.Failed or TargetStatus.Skipped)
            ? Refusal.Conflict(
                "What is left of the batch failed when it was accepted, and its contents are fixed since then.", null, "Correct the cause, then send a new batch.")
            : null;
    }

    private async Task<bool> Commit(SyncBatch batch, List<Place> targets, Caller caller, CancellationToken ct)
    {
        var (updated, back) = (0, targets.Exists(x => x.Status == TargetStatus.RestoreFailed));
        await db.InTransaction(
            async () =>
            {
                await db.EnterLine(alone: false, ct);
                updated = await db.SyncBatches.Where(x => x.Id == batch.Id && x.Status == batch.Status).ExecuteUpdateAsync(
                    set => set
                        .SetProperty(x => x.Status, BatchStatus.Pending)
                        .SetProperty(x => x.Error, x => back ? x.Error : null)
                        .SetProperty(x => x.CompletedAt, (DateTime?)null)
                        .SetProperty(x => x.StopWantedAt, (DateTime?)null)
                        .SetProperty(x => x.CancelledBy, x => back ? x.CancelledBy : null)
                        .SetProperty(x => x.CancelRollback, x => back ? x.CancelRollback : null)
                        .SetProperty(x => x.RetriedBy, caller.Name)
                        .SetProperty(x => x.UpdatedAt, DateTime.UtcNow),
                    ct);
                if (updated == 1)
                {
                    db.TellBatch(batch.Id);
                    db.LineUp(batch.Id, targets.SelectMany(x => x.Keys));
                    db.Record(caller, "sync_batch.retry", batch.Id, batch.EnvironmentId, $"was {batch.Status.Word()}");
                    db.Send(Queues.ConfigSyncs, batch.Id, new RetrySyncBatch(batch.Id));
                }
            },
            ct);
        return updated == 1;
    }

    private static Refusal WrongStatus(BatchStatus status) => Refusal.Conflict(
        $"Only a batch that is failed, partial or cancelled can be retried; this one is {status.Word()}.", null,
        status.HasEnded() ? "Send a new batch." : "Wait until it has ended.");

    private sealed record Place(
        TargetStatus Status, string Path, string ContainerName, OnChange OnChange, Guid ServerId, string ServerName, bool IsThere, string? EngineId)
    {
        // A restart goes through the container, which a plan may be replacing.
        public IEnumerable<string> Keys => OnChange == OnChange.Restart
            ? [TargetLock.ForFile(Engine, Path), TargetLock.ForContainer(Engine, ContainerName)]
            : [TargetLock.ForFile(Engine, Path)];

        private string Engine => EngineId ?? TargetLock.UnknownEngine(ServerId);
    }
}
