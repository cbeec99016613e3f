namespace DeployHub.Contracts.ConfigSync;

// What a worker tells the state machine. Internal to DeployHub: subscribe to the events in Events.cs instead.

/// <summary>Internal: every engine was reached, and the locks are named by engine.</summary>
/// <param name="BatchId">The batch.</param>
public record SyncBatchPrepared(Guid BatchId);

/// <summary>Internal: the batch cannot begin; the rows hold the reason. Nothing was touched.</summary>
/// <param name="BatchId">The batch.</param>
public record SyncBatchRefused(Guid BatchId);

/// <summary>Internal: a lock that this batch waits for was given back; it may try again.</summary>
/// <param name="BatchId">The batch that waits.</param>
public record SyncTargetsReleased(Guid BatchId);

/// <summary>Internal: the target holds the file: written, or right already.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="TargetId">The target.</param>
public record TargetSynced(Guid BatchId, Guid TargetId);

/// <summary>Internal: the target failed; its row says why and whether it was touched.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="TargetId">The target.</param>
public record TargetFailed(Guid BatchId, Guid TargetId);

/// <summary>Internal: the target holds again what it held before.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="TargetId">The target.</param>
public record TargetRestored(Guid BatchId, Guid TargetId);

/// <summary>Internal: the target could not be brought back; its row says why.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="TargetId">The target.</param>
public record TargetRestoreFailed(Guid BatchId, Guid TargetId);

/// <summary>Internal: no helper of the batch is left.</summary>
/// <param name="BatchId">The batch.</param>
public record SyncBatchCleanedUp(Guid BatchId);

/// <summary>Internal: the batch has used up its time.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="Token">Which of its deadlines: one that was called off may still be on its way.</param>
public record SyncBatchDeadlineReached(Guid BatchId, Guid Token);

/// <summary>Internal: the sweep found the batch standing still; drive it on from its rows.</summary>
/// <param name="BatchId">The batch.</param>
public record SyncBatchNudged(Guid BatchId);
