namespace DeployHub.Domain.Registries;

/// <summary>An image registry and the credentials for it.</summary>
public class Registry
{
    public Guid Id { get; init; }
    public Guid EnvironmentId { get; init; }
    public required string Name { get; set; }

    /// <summary>Host and port as they stand in image names: <c>registry.example.com:5000</c>.</summary>
    public required string RegistryUrl { get; set; }

    public string? Username { get; set; }

    /// <summary>Encrypted; never leaves the server.</summary>
    public byte[]? Password { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; set; }
}
