using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Services;

namespace DeployHub.Domain.Deployments;

/// <summary>One service on one server within a plan, with all that is needed to make it so and to take it back.</summary>
public class DeploymentStep
{
    public Guid Id { get; init; }
    public Guid PlanId { get; init; }
    public int Order { get; init; }
    public Guid ServiceId { get; init; }
    public Guid ServerId { get; init; }
    public Guid ServiceDeploymentId { get; init; }
    public required string ServiceName { get; init; }
    public required string ServerName { get; init; }
    public required string ContainerName { get; init; }

    /// <summary>The service's settings as they were when the plan was accepted.</summary>
    public required StepSettings Settings { get; init; }

    public StepStatus Status { get; set; }
    public StepPhase? Phase { get; set; }
    public int Attempts { get; set; }
    public DateTime? StartedAt { get; set; }
    public DateTime? CompletedAt { get; set; }
    public DateTime? DeadlineAt { get; set; }
    public DeploymentError? Error { get; set; }

    /// <summary>Why its deploy failed, while <see cref="Error"/> is empty for another try or tells of its rollback.</summary>
    public DeploymentError? Failure { get; set; }

    /// <summary>Set in the commit before the first change on the engine; from then on the step must be taken back or kept.</summary>
    public bool Touched { get; set; }

    /// <summary>The container that ran before; null when none did. Recorded with <see cref="Touched"/>.</summary>
    public string? FromContainerId { get; set; }

    public string? FromDigest { get; set; }
    public string? FromImageId { get; set; }

    /// <summary>Its restart policy as the engine gave it: name, or <c>name:count</c>.</summary>
    public string? FromRestartPolicy { get; set; }

    public bool FromWasRunning { get; set; }

    /// <summary>Its whole inspection, encrypted: it holds the environment of the container.</summary>
    public byte[]? FromInspection { get; set; }

    /// <summary>The plan that had put the former container there: after a rollback it is the last one again.</summary>
    public Guid? FromPlanId { get; set; }

    public string? FromTag { get; set; }
    public string? ToContainerId { get; set; }
    public string? ToDigest { get; set; }

    /// <summary>The container that a former try of this step made and that failed; a retry replaces it.</summary>
    public string? SpentContainerId { get; set; }

    public bool Restored { get; set; }

    /// <summary>The restored container is a new one, made from the kept inspection, because the former one had been removed.</summary>
    public bool Recreated { get; set; }

    /// <summary>What could not be cleaned up afterwards, and what to do about it.</summary>
    public string? CleanupMessage { get; set; }

    /// <summary>The last act that the state machine has counted; a report told twice changes nothing.</summary>
    public StepAct? Counted { get; set; }

    /// <summary>Touched by the try that is under way: one that is retried was touched before.</summary>
    public bool TouchedNow => Touched && ToContainerId != SpentContainerId;
}

/// <summary>How the step's container is made and when it counts as serving.</summary>
/// <param name="Adopt">Made from the inspection of the one that runs.</param>
/// <param name="Container">The declared settings; null when adopted.</param>
/// <param name="Health">The gate.</param>
public record StepSettings(bool Adopt, ContainerSpec? Container, HealthPolicy Health);

/// <summary>What a worker does with a step (or, for <see cref="Prepare"/>, with a plan), in the order in which it can happen.</summary>
public enum StepAct
{
    Prepare,
    Deploy,
    Rollback,
    Finalize,

    /// <summary>Of a batch: reach its engines.</summary>
    SyncPrepare,

    /// <summary>Of a batch's target: write it.</summary>
    SyncWrite,

    /// <summary>Of a batch's target: bring back what was there.</summary>
    SyncRestore,

    /// <summary>Of a batch: remove its helpers.</summary>
    SyncCleanUp,
}
