using System.Text.Json;
using DeployHub.Contracts.Wire;

namespace DeployHub.Persistence.Messaging;

/// <summary>A message that was committed together with what it tells, and is yet to be sent; or one that waits for its time.</summary>
public class OutboxMessage
{
    /// <summary>
    /// <see cref="LastError"/> of one that a connected broker did not take: a RabbitMQ that is short of disk or memory blocks publishing in this
    /// way, and tells nobody but by its silence.
    /// </summary>
    public const string NotConfirmed =
        "The broker is connected and did not confirm the message within 10 seconds. It may be blocked for want of disk or memory: see the alarms in «rabbitmqctl status».";

    public long Id { get; init; }
    public Guid MessageId { get; init; }

    /// <summary>The queue that a command goes to; null for an event to all who subscribe, and for a reply.</summary>
    public string? Queue { get; init; }

    /// <summary>The queue of a caller outside that waits for a reply. It may be gone; then there is nobody to tell, and the reply is dropped.</summary>
    public string? ReplyTo { get; init; }

    /// <summary>The request of a caller that uses MassTransit, which then gets an envelope; null for a reply in plain JSON.</summary>
    public Guid? ReplyRequestId { get; init; }

    /// <summary>The correlation id that the caller gave, as it stands.</summary>
    public string? ReplyCorrelation { get; init; }

    /// <summary>The W3C trace context that it goes on with.</summary>
    public string? TraceParent { get; init; }

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
