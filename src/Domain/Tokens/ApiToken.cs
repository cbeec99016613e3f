namespace DeployHub.Domain.Tokens;

/// <summary>A bearer token of an account. Only the SHA-256 of it is stored.</summary>
public class ApiToken
{
    public Guid Id { get; init; }
    public Guid AccountId { get; init; }
    public required string Name { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the token.</summary>
    public required string Hash { get; init; }

    /// <summary>What it may do, as far as its account still may.</summary>
    public Role Role { get; init; }

    /// <summary>The environments that it is for, as far as its account still sees them; null: all that the account sees.</summary>
    public List<Guid>? EnvironmentIds { get; init; }

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

/// <summary>One change, or one refused try, and who made it.</summary>
public class AuditEntry
{
    public Guid Id { get; init; }
    public DateTime At { get; init; }

    /// <summary>The name of the token, or of the account where no token was needed.</summary>
    public required string Actor { get; init; }

    public Guid? TokenId { get; init; }
    public Guid? AccountId { get; init; }

    /// <summary>The account's name.</summary>
    public string? Account { get; init; }

    /// <summary>Noun and verb: <c>service.update</c>.</summary>
    public required string Action { get; init; }

    public Guid? TargetId { get; init; }
    public Guid? EnvironmentId { get; init; }
    public AuditResult Result { get; init; }

    /// <summary>Why it was refused: one of the API's error codes.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>How many tries the entry stands for: the same one again within a minute is only counted.</summary>
    public int Tries { get; init; } = 1;

    public string? Detail { get; init; }
    public string? RequestId { get; init; }
    public string? RemoteAddress { get; init; }
}

/// <summary>What became of it.</summary>
public enum AuditResult
{
    Done,
    Refused,
}

/// <summary>A request that was accepted under a key of the caller's, so that the same one again is not done twice.</summary>
public class IdempotencyKey
{
    /// <summary>The account's id.</summary>
    public required string Caller { get; init; }
    public required string Key { get; init; }

    /// <summary>SHA-256 of route and canonical body.</summary>
    public required string RequestHash { get; init; }

    public Guid ResourceId { get; init; }
    public DateTime CreatedAt { get; init; }
}
