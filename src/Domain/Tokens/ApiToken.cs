namespace DeployHub.Domain.Tokens;

/// <summary>A bearer token. Only the SHA-256 of it is stored.</summary>
public class ApiToken
{
    public Guid Id { get; init; }
    public required string Name { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the token.</summary>
    public required string Hash { get; init; }

    public Role Role { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime? ExpiresAt { get; init; }
    public DateTime? RevokedAt { get; set; }
    public DateTime? LastUsedAt { get; set; }
}

/// <summary>What a caller may do; each includes the ones before it.</summary>
public enum Role
{
    Viewer,
    Operator,
    Admin,
}

/// <summary>One change, or one try, and who made it.</summary>
public class AuditEntry
{
    public Guid Id { get; init; }
    public DateTime At { get; init; }
    public required string Actor { get; init; }

    /// <summary>Noun and verb: <c>service.update</c>.</summary>
    public required string Action { get; init; }

    public Guid? TargetId { get; init; }
    public Guid? EnvironmentId { get; init; }
    public string? Detail { get; init; }
    public string? RequestId { get; init; }
    public string? RemoteAddress { get; init; }
}

/// <summary>A request that was accepted under a key of the caller's, so that the same one again is not done twice.</summary>
public class IdempotencyKey
{
    public required string Caller { get; init; }
    public required string Key { get; init; }

    /// <summary>SHA-256 of route and canonical body.</summary>
    public required string RequestHash { get; init; }

    public Guid ResourceId { get; init; }
    public DateTime CreatedAt { get; init; }
}
