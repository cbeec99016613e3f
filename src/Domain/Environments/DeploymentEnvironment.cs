namespace DeployHub.Domain.Environments;

/// <summary>A set of servers and services that belong together: production, staging.</summary>
public class DeploymentEnvironment
{
    public Guid Id { get; init; }
    public required string Name { get; set; }
    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; set; }
}
