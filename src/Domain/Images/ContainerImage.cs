namespace DeployHub.Domain.Images;

/// <summary>A repository of images that services are made from.</summary>
public class ContainerImage
{
    public Guid Id { get; init; }
    public Guid EnvironmentId { get; init; }
    public required string Name { get; set; }

    /// <summary>The repository, without tag or digest: <c>registry.example.com:5000/shop/api</c>.</summary>
    public required string ImageName { get; set; }

    /// <summary>The registry whose credentials are used; null pulls without any.</summary>
    public Guid? RegistryConnectionId { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; set; }
}

/// <summary>A manifest digest of an image that was recorded or deployed.</summary>
public class ImageDigest
{
    public Guid Id { get; init; }
    public Guid ContainerImageId { get; init; }

    /// <summary><c>sha256:</c> and 64 hex digits.</summary>
    public required string ManifestDigest { get; init; }

    /// <summary>The tag that last led to it, if any.</summary>
    public string? Tag { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime LastSeenAt { get; set; }
}
