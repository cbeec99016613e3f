using DeployHub.Contracts.Wire;

namespace DeployHub.Contracts.ConfigSync;

/// <summary>What every event of a batch carries.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="EnvironmentId">The environment that the batch belongs to.</param>
/// <param name="Sequence">Counts the batch's events from 1 without a gap.</param>
/// <param name="OccurredAt">When it happened, UTC.</param>
/// <param name="EnvironmentName">The environment's name when the batch was accepted; null in an event of before it was told.</param>
/// <param name="Status">Where the batch stands, in the words of the wire; null in an event of before it was told.</param>
public record BatchEventFacts(
    Guid BatchId, Guid EnvironmentId, int Sequence, DateTime OccurredAt, string? EnvironmentName = null, [property: WordsOf(typeof(BatchStatus))] string? Status = null);

/// <summary>What every event of a target carries. Hashes are SHA-256 of the bytes, <c>sha256:…</c>; null is absence.</summary>
/// <param name="TargetId">The target.</param>
/// <param name="OperationIndex">The operation's place in the request, from 0.</param>
/// <param name="ConfigFileId">The config file.</param>
/// <param name="ServerId">The server.</param>
/// <param name="ServerName">Its name when the batch was accepted.</param>
/// <param name="Path">The path on the host.</param>
/// <param name="FromHash">What it held before.</param>
/// <param name="ToHash">What it was to hold.</param>
/// <param name="Status">Where the target stands, in the words of the wire.</param>
public record TargetEventFacts(
    Guid TargetId, int OperationIndex, Guid ConfigFileId, Guid ServerId, string ServerName, string Path, string? FromHash, string? ToHash,
    [property: WordsOf(typeof(TargetStatus))] string Status);

/// <summary>One target holds its file.</summary>
/// <param name="Batch">The batch's facts.</param>
/// <param name="Target">The target's facts.</param>
public record ConfigFileSynced(BatchEventFacts Batch, TargetEventFacts Target);

/// <summary>One target could not be written.</summary>
/// <param name="Batch">The batch's facts.</param>
/// <param name="Target">The target's facts.</param>
/// <param name="Error">Why.</param>
public record ConfigFileSyncFailed(BatchEventFacts Batch, TargetEventFacts Target, SyncError Error);

/// <summary>One target holds again what it held before.</summary>
/// <param name="Batch">The batch's facts.</param>
/// <param name="Target">The target's facts.</param>
public record ConfigFileRestored(BatchEventFacts Batch, TargetEventFacts Target);

/// <summary>Every target of the batch holds its file.</summary>
/// <param name="Batch">The batch's facts.</param>
public record SyncBatchCompleted(BatchEventFacts Batch);

/// <summary>The batch failed, and every host is as it was.</summary>
/// <param name="Batch">The batch's facts.</param>
/// <param name="Error">Why it was rolled back.</param>
public record SyncBatchRolledBack(BatchEventFacts Batch, SyncError? Error);

/// <summary>The batch ended without success: nothing done, done in part, or not brought back; its status says which.</summary>
/// <param name="Batch">The batch's facts.</param>
/// <param name="Status"><c>failed</c> or <c>partial</c>.</param>
/// <param name="Error">Why.</param>
public record SyncBatchFailed(BatchEventFacts Batch, [property: WordsOf(typeof(BatchStatus))] string Status, SyncError? Error);

/// <summary>Somebody cancelled the batch; what was written by then stays.</summary>
/// <param name="Batch">The batch's facts.</param>
/// <param name="CancelledBy">Who.</param>
public record SyncBatchCancelled(BatchEventFacts Batch, string CancelledBy);
