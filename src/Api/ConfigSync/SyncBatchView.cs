using System.ComponentModel;
using System.Text.Json.Serialization;
using DeployHub.Api.Deployments;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.ConfigSync;

namespace DeployHub.Api.ConfigSync;

internal sealed record SyncBatchList(List<SyncBatchView> Batches, string? NextCursor);

/// <summary>A batch as the wire shows it.</summary>
internal sealed record SyncBatchView(
    Guid BatchId,
    BatchStatus Status,
    Guid EnvironmentId,
    bool RollbackOnFailure,
    string TriggerType,
    string TriggeredBy,
    int TargetCount,
    DateTime CreatedAt,
    DateTime? StartedAt,
    DateTime? CompletedAt,
    [property: Description("Who cancelled it, where somebody did.")] string? CancelledBy,
    [property: Description("Who asked last to go on with it after it had ended.")] string? RetriedBy,
    [property: Description("While it is queued: who stands before it at which of its targets, the first 100. Null otherwise, and in lists.")] List<WaitsForView>? WaitsFor,
    SyncErrorView? Error,
    [property: Description("Not in lists.")][property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] List<SyncOperationView>? Operations)
{
    public static SyncBatchView Of(SyncBatch x, List<SyncOperationView>? operations, List<WaitsForView>? waitsFor = null) => new(
        x.Id, x.Status, x.EnvironmentId, x.RollbackOnFailure, x.TriggerType, x.TriggeredBy, x.TargetCount, x.CreatedAt, x.StartedAt, x.CompletedAt,
        x.CancelledBy, x.RetriedBy, waitsFor, SyncErrorView.Of(x.Error), operations);
}

internal sealed record SyncErrorView([property: Description("Branch on it.")] string Code, string Message)
{
    public static SyncErrorView? Of(SyncError? error) => error is null ? null : new SyncErrorView(error.Code, error.Message);
}

internal sealed record SyncOperationView(
    [property: Description("Its place in the request, from 0.")] int Index,
    OperationStatus Status,
    Guid ConfigFileId,
    string ConfigFileName,
    int ConfigFileVersion,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SyncErrorView? Error,
    List<SyncTargetView> Targets);

/// <summary>One path on one server. Hashes are sha256:… of the bytes; null is absence.</summary>
internal sealed record SyncTargetView(
    Guid Id,
    NamedView Server,
    string Path,
    TargetStatus Status,
    string? FromHash,
    string? ToHash,
    [property: Description("Permission bits, four octal digits.")] string Mode,
    int Uid,
    int Gid,
    string ContainerName,
    OnChange OnChange,
    [property: Description("The container was signalled or restarted for the new bytes.")] bool Reloaded,
    int Attempts,
    DateTime? StartedAt,
    DateTime? CompletedAt,
    SyncErrorView? Error);
