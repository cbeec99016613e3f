namespace DeployHub.Contracts.ConfigSync;

/// <summary>Where a batch stands. On the wire in snake case.</summary>
public enum BatchStatus
{
    /// <summary>Accepted and stored; no worker has taken it up yet.</summary>
    Pending,

    /// <summary>Waits for another batch or plan that holds one of its targets.</summary>
    Queued,

    /// <summary>Files are being written.</summary>
    Running,

    /// <summary>Somebody stopped it: nothing more is begun, and what is in flight is waited for.</summary>
    Cancelling,

    /// <summary>A target failed, or the batch was cancelled; what was written returns to what was there before.</summary>
    RollingBack,

    /// <summary>Every target holds its file: written, or right already.</summary>
    Ok,

    /// <summary>Something failed, and everything that was written is back as it was.</summary>
    RolledBack,

    /// <summary>Something failed and nothing is changed; or, without rollback, no operation succeeded.</summary>
    Failed,

    /// <summary>Without rollback some operations succeeded; or something could not be brought back.</summary>
    Partial,

    /// <summary>Somebody cancelled it; what was written by then stays.</summary>
    Cancelled,
}

/// <summary>Where one operation of a batch stands. On the wire in snake case.</summary>
public enum OperationStatus
{
    /// <summary>Not begun.</summary>
    Pending,

    /// <summary>Some of its targets are being written.</summary>
    Running,

    /// <summary>Every target holds the file.</summary>
    Ok,

    /// <summary>It failed; its error says why.</summary>
    Failed,

    /// <summary>Never begun, and will not be.</summary>
    Skipped,

    /// <summary>It had succeeded or begun, and every target is back as it was.</summary>
    RolledBack,

    /// <summary>Something of it could not be brought back; the target's error says what to do.</summary>
    RollbackFailed,
}

/// <summary>Where one target of an operation stands: one path on one server. On the wire in snake case.</summary>
public enum TargetStatus
{
    /// <summary>Not begun.</summary>
    Pending,

    /// <summary>A worker is at it.</summary>
    Running,

    /// <summary>The host holds the new bytes, mode and owner; they were read back.</summary>
    Written,

    /// <summary>The host held them already; nothing was written.</summary>
    Unchanged,

    /// <summary>It could not be written.</summary>
    Failed,

    /// <summary>The host holds again what it held before; it was read back.</summary>
    Restored,

    /// <summary>What it held before could not be brought back; the snapshot is kept.</summary>
    RestoreFailed,

    /// <summary>Never begun, and will not be.</summary>
    Skipped,
}
