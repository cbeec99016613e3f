using DeployHub.Domain.Tokens;

namespace DeployHub.Intake;

/// <summary>Who asks, and by which way the request came.</summary>
/// <param name="Name">The name of the token, for the record.</param>
/// <param name="TokenId">The token; null where none was needed.</param>
/// <param name="Role">What the caller may do.</param>
/// <param name="RequestId">The id that the request is quoted by.</param>
/// <param name="RemoteAddress">Where it came from.</param>
/// <param name="TriggerType">The way that it came: <c>api</c>, later also the queue or a schedule.</param>
public record Caller(string Name, Guid? TokenId, Role Role, string? RequestId, string? RemoteAddress, string TriggerType = "api")
{
    /// <summary>The key under which the caller may repeat this request; null when it gave none.</summary>
    public RequestKey? Key { get; init; }

    /// <summary>The key as it is kept with what the request changes; see <see cref="Idempotency"/>.</summary>
    internal IdempotencyTicket? Ticket { get; init; }

    /// <summary>What the caller's idempotency keys are kept under.</summary>
    public string Scope => TokenId?.ToString() ?? Name;
}

/// <summary>A key of the caller's, 1 to 200 characters.</summary>
/// <param name="text">The key.</param>
public sealed class RequestKey(string text)
{
    public string Text { get; } = text;

    /// <summary>The same request came before under this key, and was not done again.</summary>
    public bool Replayed { get; internal set; }
}
