using DeployHub.Contracts.ConfigSync;

namespace DeployHub.Worker.ConfigSync;

/// <summary>What an operation's targets make of it, and what its operations make of a batch: the table in docs, as code.</summary>
internal static class Outcomes
{
    /// <summary>An operation by its targets: each with its status, and whether it has failed (a failed one may be restored since).</summary>
    public static OperationStatus Operation(IReadOnlyCollection<(TargetStatus Status, bool Failed)> targets, bool ended)
    {
        bool All(params TargetStatus[] wanted) => targets.All(x => wanted.Contains(x.Status));
        bool Any(TargetStatus wanted) => targets.Any(x => x.Status == wanted);
        return Any(TargetStatus.RestoreFailed) ? OperationStatus.RollbackFailed
            : targets.Any(x => x.Failed) ? OperationStatus.Failed
            : All(TargetStatus.Written, TargetStatus.Unchanged) ? OperationStatus.Ok
            : All(TargetStatus.Pending) && !ended ? OperationStatus.Pending
            : All(TargetStatus.Skipped, TargetStatus.Pending) ? OperationStatus.Skipped
            : !ended ? OperationStatus.Running
            : Any(TargetStatus.Written) ? OperationStatus.Failed
            : OperationStatus.RolledBack;
    }

    /// <summary>An ended batch by its operations, by whether something was brought back, and whether it was stopped.</summary>
    public static BatchStatus Batch(IReadOnlyCollection<OperationStatus> operations, bool rollbackOnFailure, bool restored, bool stopped = false) =>
        operations.Contains(OperationStatus.RollbackFailed) ? BatchStatus.Partial
        : stopped && !restored ? BatchStatus.Cancelled
        : operations.All(x => x == OperationStatus.Ok) ? BatchStatus.Ok
        : rollbackOnFailure ? restored ? BatchStatus.RolledBack : BatchStatus.Failed
        : operations.Contains(OperationStatus.Ok) ? BatchStatus.Partial : BatchStatus.Failed;
}
