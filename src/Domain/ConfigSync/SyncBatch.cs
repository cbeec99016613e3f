using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;

namespace DeployHub.Domain.ConfigSync;

/// <summary>A set of config files that is written to all hosts concerned as one unit.</summary>
public class SyncBatch
{
    public Guid Id { get; init; }
    public Guid EnvironmentId { get; init; }

    /// <summary>The environment's name when the batch was accepted, for its events; null where it was gone before names were kept.</summary>
    public string? EnvironmentName { get; init; }

    public bool RollbackOnFailure { get; init; }
    public BatchStatus Status { get; set; }
    public required string TriggerType { get; init; }
    public required string TriggeredBy { get; init; }

    /// <summary>The W3C trace context of the request that began it, which its events go on with; null where there was none.</summary>
    public string? TraceParent { get; init; }

    public int TargetCount { get; init; }
    public SyncError? Error { get; set; }

    /// <summary>Since when it is to stop; whoever moves the batch checks with its own write that this has not changed since it looked.</summary>
    public DateTime? StopWantedAt { get; set; }

    public string? CancelledBy { get; set; }

    /// <summary>The cancel takes back what was written; null where it was not cancelled.</summary>
    public bool? CancelRollback { get; set; }

    /// <summary>Who asked last to go on with it after it had ended.</summary>
    public string? RetriedBy { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime? StartedAt { get; set; }
    public DateTime? CompletedAt { get; set; }

    /// <summary>When a worker last moved it; the sweep looks at batches that stand still.</summary>
    public DateTime UpdatedAt { get; set; }

    public bool HasEnded => Status.HasEnded();
}

/// <summary>Which statuses are an end, and which are on the way.</summary>
public static class BatchStatuses
{
    /// <summary>Those of a batch that has not ended.</summary>
    public static readonly BatchStatus[] UnderWay =
        [BatchStatus.Pending, BatchStatus.Queued, BatchStatus.Running, BatchStatus.Cancelling, BatchStatus.RollingBack];

    public static bool HasEnded(this BatchStatus status) => !UnderWay.Contains(status);
}

/// <summary>One config file of a batch.</summary>
public class SyncOperation
{
    public Guid Id { get; init; }
    public Guid BatchId { get; init; }

    /// <summary>Its place in the request, from 0.</summary>
    public int Index { get; init; }

    public Guid ConfigFileId { get; init; }
    public required string ConfigFileName { get; init; }
    public int ConfigFileVersion { get; init; }
    public OperationStatus Status { get; set; }
    public SyncError? Error { get; set; }
}

/// <summary>One path on one server, with all that is needed to write it and to take it back.</summary>
public class SyncTarget
{
    public Guid Id { get; init; }
    public Guid BatchId { get; init; }
    public Guid OperationId { get; init; }
    public int OperationIndex { get; init; }
    public Guid ConfigFileId { get; init; }

    /// <summary>The order in which targets are written; rollback goes the other way.</summary>
    public int Order { get; init; }

    public Guid ServerId { get; init; }
    public required string ServerName { get; init; }
    public required string ContainerName { get; init; }
    public required string Path { get; init; }
    public int Mode { get; init; }
    public int Uid { get; init; }
    public int Gid { get; init; }
    public OnChange OnChange { get; init; }
    public string? Signal { get; init; }

    /// <summary>The rendered bytes, encrypted (they may hold secrets): fixed when the batch was accepted.</summary>
    public required byte[] Content { get; init; }

    /// <summary><c>sha256:…</c> of the rendered bytes.</summary>
    public required string ToHash { get; init; }

    /// <summary><c>sha256:…</c> of what was there before; null when nothing was.</summary>
    public string? FromHash { get; set; }

    /// <summary>What was there before, as the engine's tar, encrypted. Stored before the first change; null until then, and where nothing was.</summary>
    public byte[]? Snapshot { get; set; }

    /// <summary>The snapshot is stored: from here on the host may hold the new bytes.</summary>
    public bool Touched { get; set; }

    /// <summary>The container was signalled or restarted for the new bytes.</summary>
    public bool Reloaded { get; set; }

    public TargetStatus Status { get; set; }
    public SyncError? Error { get; set; }
    public int Attempts { get; set; }
    public DateTime? StartedAt { get; set; }
    public DateTime? CompletedAt { get; set; }
    public DateTime? DeadlineAt { get; set; }

    /// <summary>The last act that the state machine has counted; a report told twice changes nothing.</summary>
    public SyncAct? Counted { get; set; }
}

/// <summary>What a worker does with a target, in the order in which it can happen.</summary>
public enum SyncAct
{
    Write,
    Restore,
}
