namespace DeployHub.Domain.Services;

/// <summary>A container that is kept running from an image, on one or more servers.</summary>
public class Service
{
    public Guid Id { get; init; }
    public Guid EnvironmentId { get; init; }
    public required string Name { get; set; }
    public Guid ContainerImageId { get; set; }

    /// <summary>How its container is made; null when <see cref="Adopt"/> is set.</summary>
    public ContainerSpec? Container { get; set; }

    /// <summary>The container is made from the inspection of the one that runs, with only the image changed.</summary>
    public bool Adopt { get; set; }

    public HealthPolicy Health { get; set; } = new();
    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; set; }
}

/// <summary>A service on a server.</summary>
public class ServiceDeployment
{
    public Guid Id { get; init; }
    public Guid ServiceId { get; init; }
    public Guid ServerId { get; init; }

    /// <summary>The container's name on that server; unique there.</summary>
    public required string ContainerName { get; set; }

    /// <summary>The last plan that touched this target. Only that one may be taken back.</summary>
    public Guid? LastPlanId { get; set; }

    public string? CurrentDigest { get; set; }
    public string? CurrentTag { get; set; }
    public string? CurrentContainerId { get; set; }
    public DateTime? DeployedAt { get; set; }

    /// <summary>A failed step that was not rolled back and so keeps two containers: its own, and the proven one that it replaced.</summary>
    public Guid? KeptStepId { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; set; }
}
