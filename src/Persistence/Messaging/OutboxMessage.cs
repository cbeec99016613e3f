using System.Text.Json;
using DeployHub.Contracts.Wire;

namespace DeployHub.Persistence.Messaging;

/// <summary>A message that was committed together with what it tells, and is yet to be sent; or one that waits for its time.</summary>
public class OutboxMessage
{
    public long Id { get; init; }
    public Guid MessageId { get; init; }

    /// <summary>The queue that a command goes to; null publishes an event to all who subscribe.</summary>
    public string? Queue { get; init; }

    /// <summary>Full name of a type of the contracts.</summary>
    public required string MessageType { get; init; }

    public required string Body { get; init; }
    public Guid CorrelationId { get; init; }

    /// <summary>From when on any relay may take it. A row that its own process is about to send lies a lease ahead.</summary>
    public DateTime DueAt { get; set; }

    /// <summary>Names a scheduled message so that it can be called off.</summary>
    public Guid? Token { get; init; }

    public int Attempts { get; set; }
    public string? LastError { get; set; }

    /// <summary>The message itself, while the process that wrote it still has it.</summary>
    public object? Message { get; init; }

    /// <summary>The message from its body.</summary>
    /// <exception cref="InvalidOperationException">The contracts do not know its type: another version wrote it.</exception>
    /// <exception cref="JsonException">The body does not fit the type.</exception>
    public object Read()
    {
        var type = typeof(WireWords).Assembly.GetType(MessageType)
            ?? throw new InvalidOperationException($"The contracts know no message «{MessageType}»; it was written by another version.");
        return JsonSerializer.Deserialize(Body, type, WireWords.Json)!;
    }
}

/// <summary>A message that a state machine has taken in; the second delivery of it changes nothing.</summary>
public class InboxMessage
{
    public Guid MessageId { get; init; }
    public required string Consumer { get; init; }
    public DateTime ReceivedAt { get; init; }
}
