using MassTransit;

namespace DeployHub.Persistence.Messaging;

/// <summary>What the outbox has to know of the transport that it is emptied into.</summary>
/// <param name="Scheme">
/// <c>queue</c> in memory. <c>exchange</c> on RabbitMQ, where the send is mandatory: a command that no queue takes in comes back and stays
/// in the outbox, and the sender never declares a queue with other settings than its reader's.
/// </param>
/// <param name="CameBack">Whether a send failed only because no queue took the message in: no reader has ever started yet.</param>
/// <param name="HasEventExchange">Whether there is an exchange of CloudEvents; in memory nobody outside could subscribe to one.</param>
/// <param name="ReplyAddress">Where replies to a queue are sent.</param>
/// <param name="MarkReply">Puts the queue, the caller's correlation id and the kind of answer on a reply, as the transport has them.</param>
public sealed record OutboxTransport(
    string Scheme, Func<Exception, bool> CameBack, bool HasEventExchange, Func<string, Uri> ReplyAddress, Action<SendContext, ReplyMarks> MarkReply)
{
    /// <summary>Messages stay in the process.</summary>
    public static OutboxTransport InMemory { get; } = new("queue", _ => false, HasEventExchange: false, queue => new Uri($"queue:{queue}"), (_, _) => { });
}

/// <summary>What stands on a reply beside its body.</summary>
/// <param name="Queue">The queue that it goes to.</param>
/// <param name="Correlation">The caller's correlation id; null where it gave none.</param>
/// <param name="Type">The kind of answer: <c>deployhub.command.accepted</c>.</param>
public readonly record struct ReplyMarks(string Queue, string? Correlation, string Type);
