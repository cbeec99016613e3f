using DeployHub.Contracts.Deployments;

namespace DeployHub.Domain.Deployments;

/// <summary>One request to bring an image to all services linked to it.</summary>
public class DeploymentPlan
{
    public Guid Id { get; init; }
    public Guid EnvironmentId { get; init; }
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
    public int StepCount { get; init; }
    public DeploymentError? Error { get; set; }
    public string? RolledBackBy { get; set; }
    public DateTime CreatedAt { get; init; }
    public DateTime? StartedAt { get; set; }
    public DateTime? CompletedAt { get; set; }

    /// <summary>When a worker last moved it, by the database's clock; the sweep looks at plans that stand still.</summary>
    public DateTime UpdatedAt { get; set; }

    public bool HasEnded => Status is PlanStatus.Completed or PlanStatus.Failed or PlanStatus.RolledBack or PlanStatus.PartiallyRolledBack;
}
