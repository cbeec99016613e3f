using DeployHub.Contracts.Channels;

namespace DeployHub.Intake.Commands;

/// <summary>A message as it was taken from a queue of commands, whatever it holds.</summary>
/// <param name="Channel">The command that its queue is for.</param>
/// <param name="Bytes">Its body.</param>
/// <param name="BrokerUser">The broker's user who sent it, as the broker has verified it; null when it does not say.</param>
/// <param name="MessageId">Its id; null when it has none.</param>
/// <param name="CorrelationId">Its sender's own id for it; null when it has none.</param>
/// <param name="ReplyTo">The queue that its sender waits at; null when it does not wait.</param>
/// <param name="TraceParent">The W3C trace context that it belongs to; null when it names none.</param>
public sealed record SentCommand(
    CommandChannel Channel, ReadOnlyMemory<byte> Bytes, string? BrokerUser, string? MessageId, string? CorrelationId, string? ReplyTo, string? TraceParent);
