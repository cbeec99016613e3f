namespace DeployHub.Contracts.Deployments;

/// <summary>Where a deployment plan stands. On the wire in snake case: <c>rolled_back</c>.</summary>
public enum PlanStatus
{
    /// <summary>Accepted and stored; no worker has taken it up yet.</summary>
    Pending,

    /// <summary>Waits for another plan that holds one of its targets.</summary>
    Queued,

    /// <summary>Steps are being deployed.</summary>
    Running,

    /// <summary>Somebody stopped it: nothing more is begun, and what is in flight ends at its next safe point.</summary>
    Cancelling,

    /// <summary>A step failed or a rollback was asked for; former containers are being brought back.</summary>
    RollingBack,

    /// <summary>Every step was verified as serving.</summary>
    Completed,

    /// <summary>It ended without success and nothing was undone; the steps say what stands where.</summary>
    Failed,

    /// <summary>Everything that was touched is back as it was, and was verified.</summary>
    RolledBack,

    /// <summary>Something could not be brought back; the step that says <c>rollback_failed</c> names it.</summary>
    PartiallyRolledBack,

    /// <summary>Somebody cancelled it, and nothing was undone; the steps say what stands where.</summary>
    Cancelled,

    /// <summary>A newer plan took its place while it waited; nothing was begun.</summary>
    Superseded,
}

/// <summary>What becomes of a new plan when another one holds, or waits for, one of its containers. On the wire in snake case.</summary>
public enum OnConflict
{
    /// <summary>It waits for its turn, in order of arrival.</summary>
    Queue,

    /// <summary>It is not accepted.</summary>
    Reject,

    /// <summary>Older plans of the same image that still wait end as superseded; one that has begun is left to end.</summary>
    Supersede,
}

/// <summary>Where one step of a plan stands. On the wire in snake case.</summary>
public enum StepStatus
{
    /// <summary>Not begun.</summary>
    Pending,

    /// <summary>A worker is at it; <see cref="StepPhase"/> says where.</summary>
    Running,

    /// <summary>The new container serves and its health gate was held.</summary>
    Success,

    /// <summary>The step failed; <c>restored</c> says whether the former container is back.</summary>
    Failed,

    /// <summary>It changed nothing: never begun, or stopped before its first change.</summary>
    Skipped,

    /// <summary>It was taken back without having failed; the former container serves again.</summary>
    RolledBack,

    /// <summary>The former container could not be brought back; the error says what to do.</summary>
    RollbackFailed,
}

/// <summary>What a running step is doing. On the wire in snake case.</summary>
public enum StepPhase
{
    /// <summary>The image is being pulled and checked; no container has been touched.</summary>
    Pulling,

    /// <summary>The old container is being replaced by the new one.</summary>
    Replacing,

    /// <summary>The health gate is held.</summary>
    Verifying,

    /// <summary>The former container is being brought back.</summary>
    Restoring,
}
