using DeployHub.Domain.Tokens;

namespace DeployHub.Domain.Accounts;

/// <summary>A program, or a person, that uses DeployHub. What it may do bounds what its tokens and its queue user may do.</summary>
public class Account
{
    public Guid Id { get; init; }

    /// <summary>Unique, and for good: plans and the audit log know who acted by it.</summary>
    public required string Name { get; init; }

    public Role Role { get; set; }

    /// <summary>The environments that it sees; null: all of them, and what belongs to none.</summary>
    public List<Guid>? EnvironmentIds { get; set; }

    /// <summary>The broker's user whose commands count as this account's; null: none, so that it sends no commands.</summary>
    public string? BrokerUser { get; set; }

    public DateTime CreatedAt { get; init; }

    /// <summary>Since when nothing of it is accepted any more; null: it is in use.</summary>
    public DateTime? DisabledAt { get; set; }
}
