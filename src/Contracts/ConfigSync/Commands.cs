namespace DeployHub.Contracts.ConfigSync;

// What DeployHub tells its own machine and workers. Internal: the commands that others may send are in Commands/.

/// <summary>Internal: begins an accepted batch. Sent once the batch's rows are committed; a second one changes nothing.</summary>
/// <param name="BatchId">The batch to begin.</param>
public record BeginSyncBatch(Guid BatchId);

/// <summary>Internal: stops a batch that was cancelled; its rows say by whom, and whether it is taken back. A second one changes nothing.</summary>
/// <param name="BatchId">The batch to stop.</param>
public record StopSyncBatch(Guid BatchId);

/// <summary>Internal: goes on with a batch that has ended, at the targets that did not succeed.</summary>
/// <param name="BatchId">The batch to go on with.</param>
public record RetrySyncBatch(Guid BatchId);

/// <summary>Internal: asks a worker to reach every engine that the batch concerns, before anything is touched.</summary>
/// <param name="BatchId">The batch to prepare.</param>
public record PrepareSyncBatch(Guid BatchId);

/// <summary>Internal: asks a worker to make one target so: the host holds the file's bytes, mode and owner.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="TargetId">The target; also the ticket under which a repeated command finds the work already begun.</param>
public record SyncConfigFile(Guid BatchId, Guid TargetId);

/// <summary>Internal: asks a worker to bring back what one target held before.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="TargetId">The target to take back.</param>
public record RestoreConfigFile(Guid BatchId, Guid TargetId);

/// <summary>Internal: asks a worker to remove the helper container that the batch used on a server.</summary>
/// <param name="BatchId">The batch.</param>
public record CleanUpSyncBatch(Guid BatchId);
