using DeployHub.Contracts.Deployments;

namespace DeployHub.Domain.Deployments;

/// <summary>One request to bring an image to all services linked to it.</summary>
public class DeploymentPlan
{
    public Guid Id { get; init; }
    public Guid EnvironmentId { get; init; }

    /// <summary>The environment's name when the plan was accepted, for its events; null where it was gone before names were kept.</summary>
    public string? EnvironmentName { get; init; }

    public Guid ContainerImageId { get; init; }
    public Guid? RegistryConnectionId { get; init; }
    public required string ImageName { get; init; }
    public string? ImageTag { get; init; }

    /// <summary>The digest that the request named; checked against the tag when both were given.</summary>
    public string? RequestedDigest { get; init; }

    /// <summary>What every server runs at the end: a manifest digest or, when <see cref="LocalImage"/>, the engine's image id.</summary>
    public string? ImageDigest { get; set; }

    /// <summary>The image is in no registry: it is taken from the engines as it stands there and never pulled.</summary>
    public bool LocalImage { get; set; }

    public bool AutoRollback { get; init; }
    public int MaxParallel { get; init; }
    public PlanStatus Status { get; set; }
    public required string TriggerType { get; init; }
    public required string TriggeredBy { get; init; }

    /// <summary>The W3C trace context of the request that began it, which its events go on with; null where there was none.</summary>
    public string? TraceParent { get; init; }

    public int StepCount { get; init; }
    public DeploymentError? Error { get; set; }
    public string? RolledBackBy { get; set; }

    /// <summary>
    /// Since when it is to stop: it was cancelled or superseded. Nothing is begun from then on. Whoever moves the plan checks with its own
    /// write that this has not changed since it looked, so that an accepted cancel is never overtaken.
    /// </summary>
    public DateTime? StopWantedAt { get; set; }

    public string? CancelledBy { get; set; }

    /// <summary>The cancel takes back what was touched; null where it was not cancelled.</summary>
    public bool? CancelRollback { get; set; }

    /// <summary>The newer plan that took its place.</summary>
    public Guid? SupersededBy { get; set; }

    /// <summary>Who asked last to go on with it after it had ended.</summary>
    public string? RetriedBy { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime? StartedAt { get; set; }
    public DateTime? CompletedAt { get; set; }

    /// <summary>When a worker last moved it, by the database's clock; the sweep looks at plans that stand still.</summary>
    public DateTime UpdatedAt { get; set; }

    public bool HasEnded => Status.HasEnded();
}

/// <summary>Which statuses are an end, and which are on the way.</summary>
public static class PlanStatuses
{
    /// <summary>Those of a plan that has not ended.</summary>
    public static readonly PlanStatus[] UnderWay =
        [PlanStatus.Pending, PlanStatus.Queued, PlanStatus.Running, PlanStatus.Cancelling, PlanStatus.RollingBack];

    public static bool HasEnded(this PlanStatus status) => !UnderWay.Contains(status);
}
