using System.Globalization;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Secrets;
using DeployHub.Persistence.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.ConfigSync;

/// <summary>A batch that is stored and under way.</summary>
/// <param name="BatchId">The batch.</param>
public record AcceptedBatch(Guid BatchId);

/// <summary>Accepts the request to bring config files to their hosts: checks it, renders and fixes every target, commits batch and command.</summary>
public sealed class AcceptSyncBatch(DeployHubDb db, BatchPreparation preparation, SecretBox box)
{
    /// <param name="request">What the caller asked for.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    public async Task<Result<AcceptedBatch>> Accept(SyncBatchRequest request, Caller caller, CancellationToken ct) =>
        await preparation.CheckScope(request, caller, ct) is { } refusal ? refusal : await Accept(request, "sync", request, caller, ct);

    /// <summary>The same for one file.</summary>
    public async Task<Result<AcceptedBatch>> AcceptOne(Guid configFileId, SyncFileRequest request, Caller caller, CancellationToken ct)
    {
        var accepted = await Accept(BatchOf(configFileId, request), $"sync {configFileId}", request, caller, ct);
        return accepted.IsRefused(out var refusal, out _) && refusal.Field == SyncBatchRequest.Field(0) ? Refusal.NotFound("config file", configFileId) : accepted;
    }

    /// <summary>The batch that brings one file to its hosts.</summary>
    public static SyncBatchRequest BatchOf(Guid configFileId, SyncFileRequest request) => new()
    {
        Operations = [new SyncOperationRequest { Type = SyncBatchRequest.ConfigFileSync, ConfigFileId = configFileId.ToString() }],
        RollbackOnFailure = request.RollbackOnFailure,
    };

    private Task<Result<AcceptedBatch>> Accept(SyncBatchRequest request, string operation, object asked, Caller caller, CancellationToken ct) => db.Once(
        caller, operation, asked, by => TryAccept(request, by, ct), row => Task.FromResult<AcceptedBatch?>(new(row.ResourceId)), ct);

    private async Task<Result<AcceptedBatch>> TryAccept(SyncBatchRequest request, Caller caller, CancellationToken ct)
    {
        if ((await preparation.Prepare(request, ct)).IsRefused(out var refusal, out var contents))
        {
            return refusal;
        }

        var batch = NewBatch(contents, request, caller);
        await db.InTransaction(
            async () =>
            {
                await db.EnterLine(alone: false, ct);
                Write(batch, contents, caller);
            },
            ct);
        return new AcceptedBatch(batch.Id);
    }

    private void Write(SyncBatch batch, BatchContents contents, Caller caller)
    {
        db.SyncBatches.Add(batch);
        var order = 0;
        for (var index = 0; index < contents.Files.Count; index++)
        {
            var file = contents.Files[index];
            var operation = NewOperation(batch, file, index);
            db.SyncOperations.Add(operation);
            foreach (var target in file.Targets)
            {
                db.SyncTargets.Add(NewTarget(operation, target, order++));
            }
        }

        db.Record(caller, "sync_batch.accept", batch.Id, batch.EnvironmentId, string.Create(
            CultureInfo.InvariantCulture, $"{contents.Files.Count} files, {batch.TargetCount} targets"));
        db.LineUp(batch.Id, contents.Files.SelectMany(file => file.Targets).SelectMany(KeysOf));
        db.Send(Queues.ConfigSyncs, batch.Id, new ExecuteSyncBatch(batch.Id));

        // A worker can begin to look at engines while the batch's machine is still being opened.
        db.AddWork(StepAct.SyncPrepare, batch.Id, batch.Id);
        db.Send(Queues.Steps, batch.Id, new PrepareSyncBatch(batch.Id));
    }

    // A restart goes through the container, which a plan may be replacing.
    private static IEnumerable<string> KeysOf(RenderedTarget target) =>
        target.Attachment.OnChange == OnChange.Restart ? [target.FileKey, target.ContainerKey] : [target.FileKey];

    private static SyncBatch NewBatch(BatchContents contents, SyncBatchRequest request, Caller caller)
    {
        var now = DateTime.UtcNow;
        return new SyncBatch
        {
            Id = Guid.CreateVersion7(),
            EnvironmentId = contents.EnvironmentId,
            RollbackOnFailure = request.RollbackOnFailure,
            Status = BatchStatus.Pending,
            TriggerType = caller.TriggerType,
            TriggeredBy = caller.Name,
            TargetCount = contents.Files.Sum(file => file.Targets.Count),
            CreatedAt = now,
            UpdatedAt = now,
        };
    }

    private static SyncOperation NewOperation(SyncBatch batch, RenderedFile file, int index) => new()
    {
        Id = Guid.CreateVersion7(),
        BatchId = batch.Id,
        Index = index,
        ConfigFileId = file.File.Id,
        ConfigFileName = file.File.Name,
        ConfigFileVersion = file.File.Version,
        Status = file.Error is null ? OperationStatus.Pending : OperationStatus.Failed,
        Error = file.Error,
    };

    private SyncTarget NewTarget(SyncOperation operation, RenderedTarget target, int order) => new()
    {
        Id = Guid.CreateVersion7(),
        BatchId = operation.BatchId,
        OperationId = operation.Id,
        OperationIndex = operation.Index,
        ConfigFileId = operation.ConfigFileId,
        Order = order,
        ServerId = target.Server.Id,
        ServerName = target.Server.Name,
        ContainerName = target.ContainerName,
        Path = target.Path,
        Mode = target.Attachment.Mode,
        Uid = target.Attachment.Uid,
        Gid = target.Attachment.Gid,
        OnChange = target.Attachment.OnChange,
        Signal = target.Attachment.Signal,
        Content = box.SealBytes(target.Content),
        ToHash = target.Hash!,
        Status = TargetStatus.Pending,
    };
}
