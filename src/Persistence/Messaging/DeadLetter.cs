using System.Text;

namespace DeployHub.Persistence.Messaging;

/// <summary>A message that could not be handled, or not be sent, after every try. It stays until somebody sends it again or discards it.</summary>
public class DeadLetter
{
    /// <summary>The longest body that is kept, in characters.</summary>
    public const int LongestBody = 1_000_000;

    /// <summary>The longest reason that is kept, in characters.</summary>
    public const int LongestReason = 2000;

    public Guid Id { get; init; }

    /// <summary>The queue that it was in, or on its way to; null for an event to all who subscribe.</summary>
    public string? Queue { get; init; }

    /// <summary>Null when its sender gave it none.</summary>
    public Guid? MessageId { get; init; }

    public Guid? CorrelationId { get; init; }

    /// <summary>Full name of a type of the contracts; null when it is no message of ours, which cannot be sent again.</summary>
    public string? MessageType { get; init; }

    /// <summary>The message as JSON; what came, as text, where it is no message of ours. Null when that was longer than <see cref="LongestBody"/>.</summary>
    public string? Body { get; init; }

    /// <summary>Why, in words.</summary>
    public required string Reason { get; init; }

    public DateTime FailedAt { get; init; }

    /// <summary>What came, as a text that can be kept: PostgreSQL keeps no NUL in one.</summary>
    public static string TextOf(byte[] body) => Keepable(Encoding.UTF8.GetString(body));

    /// <summary>A text without what cannot be kept.</summary>
    public static string Keepable(string text) => text.Replace('\0', '\ufffd');

    /// <summary>A text no longer than <paramref name="most"/> characters.</summary>
    public static string Shortened(string text, int most) => text.Length > most ? text[..most] : text;
}
