using DeployHub.Api.Deployments;
using DeployHub.Api.Http;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.ConfigSync;
using DeployHub.Intake;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.ConfigSync;

/// <summary>Reads batches for the wire. What must not leave, such as contents and snapshots, is not even read.</summary>
internal sealed class BatchReader(DeployHubDb db, WaitingLine line)
{
    /// <summary>The batch with its operations and targets as of one moment: one statement, so that the status never contradicts the targets.</summary>
    public Task<SyncBatchView?> Find(Guid id, CancellationToken ct) => Find(id, null, ct);

    /// <summary>The same for a caller, who is told what the batch waits for as far as it sees that.</summary>
    public async Task<SyncBatchView?> Find(Guid id, Caller? caller, CancellationToken ct)
    {
        var row = await db.SyncBatches.AsNoTracking().Where(batch => batch.Id == id).Select(batch => new
        {
            Batch = batch,
            Operations = db.SyncOperations.Where(x => x.BatchId == batch.Id).OrderBy(x => x.Index).Select(operation => new
            {
                operation.Index, operation.Status, operation.ConfigFileId, operation.ConfigFileName, operation.ConfigFileVersion, operation.Error,
                Targets = db.SyncTargets.Where(x => x.OperationId == operation.Id).OrderBy(x => x.Order).Select(x => new
                {
                    x.Id, x.ServerId, x.ServerName, x.Path, x.Status, x.FromHash, x.ToHash, x.Mode, x.Uid, x.Gid, x.ContainerName, x.OnChange, x.Reloaded,
                    x.Attempts, x.StartedAt, x.CompletedAt, x.Error,
                }).ToList(),
            }).ToList(),
        }).AsSingleQuery().FirstOrDefaultAsync(ct);
        return row is null
            ? null
            : SyncBatchView.Of(row.Batch, row.Operations.ConvertAll(operation => new SyncOperationView(
                operation.Index, operation.Status, operation.ConfigFileId, operation.ConfigFileName, operation.ConfigFileVersion, SyncErrorView.Of(operation.Error),
                operation.Targets.ConvertAll(x => new SyncTargetView(
                    x.Id, new NamedView(x.ServerId, x.ServerName), x.Path, x.Status, x.FromHash, x.ToHash, FileModes.Show(x.Mode), x.Uid, x.Gid, x.ContainerName,
                    x.OnChange, x.Reloaded, x.Attempts, x.StartedAt, x.CompletedAt, SyncErrorView.Of(x.Error))))),
                row.Batch.Status == BatchStatus.Queued ? await line.Before(id, row.Batch.EnvironmentId, caller, ct) : null);
    }

    /// <summary>A page of batches, the newest first, without their operations.</summary>
    public async Task<SyncBatchList> List(IQueryable<SyncBatch> batches, BatchFilter filter, PageRequest request, CancellationToken ct)
    {
        batches = filter.Narrow(batches).AsNoTracking();
        var page = filter.OfConfigFile is { } file
            ? (await filter.OfOperations(db, batches, file, request).ToListAsync(ct)).Cut(request, batch => (batch.CreatedAt, batch.Id))
            : await batches.Page(batch => batch.CreatedAt, batch => batch.Id, request, newestFirst: true, ct);
        return new SyncBatchList(page.Rows.ConvertAll(batch => SyncBatchView.Of(batch, null)), page.NextCursor);
    }
}
