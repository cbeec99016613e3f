using System.Collections.Frozen;
using DeployHub.Domain.Accounts;
using DeployHub.Domain.Tokens;

namespace DeployHub.Intake;

/// <summary>Who asks, what it may, and by which way the request came.</summary>
/// <param name="Name">The name of the token, or of the account where no token was needed: for the record.</param>
/// <param name="TokenId">The token; null where none was needed.</param>
/// <param name="AccountId">The account that it acts for.</param>
/// <param name="AccountName">The account's name.</param>
/// <param name="Role">What the caller may do.</param>
/// <param name="Environments">The environments that it sees; null: all of them, and what belongs to none.</param>
/// <param name="RequestId">The id that the request is quoted by.</param>
/// <param name="RemoteAddress">Where it came from.</param>
/// <param name="TriggerType">The way that it came: <c>api</c>, later also the queue or a schedule.</param>
public record Caller(
    string Name, Guid? TokenId, Guid AccountId, string AccountName, Role Role, FrozenSet<Guid>? Environments, string? RequestId, string? RemoteAddress,
    string TriggerType = "api")
{
    /// <summary>The key under which the caller may repeat this request; null when it gave none.</summary>
    public RequestKey? Key { get; init; }

    /// <summary>The key as it is kept with what the request changes; see <see cref="Idempotency"/>.</summary>
    internal IdempotencyTicket? Ticket { get; init; }

    /// <summary>What the caller's idempotency keys are kept under: the account, which is what a token and a queue's user have in common.</summary>
    public string Scope => AccountId.ToString();

    /// <summary>Whether it sees the environment, and so what lies in it.</summary>
    public bool Sees(Guid environmentId) => Environments?.Contains(environmentId) ?? true;

    /// <summary>The caller with the rights that token and account have in common: the lower role, and the environments of both.</summary>
    /// <param name="account">The account.</param>
    /// <param name="token">The token that it shows; null where it is known by other means.</param>
    /// <param name="requestId">The id that the request is quoted by.</param>
    /// <param name="remoteAddress">Where it came from.</param>
    /// <param name="triggerType">The way that it came.</param>
    public static Caller Of(Account account, ApiToken? token, string? requestId, string? remoteAddress, string triggerType = "api") => new(
        token?.Name ?? account.Name, token?.Id, account.Id, account.Name, token is null || account.Role < token.Role ? account.Role : token.Role,
        InBoth(account.EnvironmentIds, token?.EnvironmentIds), requestId, remoteAddress, triggerType);

    private static FrozenSet<Guid>? InBoth(List<Guid>? one, List<Guid>? other) =>
        one is null ? other?.ToFrozenSet() : other is null ? one.ToFrozenSet() : one.Intersect(other).ToFrozenSet();
}

/// <summary>A key of the caller's, 1 to 200 characters.</summary>
/// <param name="text">The key.</param>
public sealed class RequestKey(string text)
{
    public string Text { get; } = text;

    /// <summary>The same request came before under this key, and was not done again.</summary>
    public bool Replayed { get; internal set; }
}
