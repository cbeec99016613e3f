using DeployHub.Contracts.Channels;
using DeployHub.Contracts.Commands;
using DeployHub.Contracts.Wire;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;

namespace DeployHub.Intake.Commands;

/// <summary>Where what a command is about lies.</summary>
internal sealed record CommandPlace(Guid EnvironmentId, string EnvironmentName);

/// <summary>What became of one command, as it is told: to all who subscribe, to whoever waits, and, where it was refused, to the operators.</summary>
internal sealed class CommandOutcome(SentCommand sent, CommandEnvelope envelope)
{
    public CommandEnvelope Envelope => envelope;

    public string? MessageId => envelope.MessageId;

    /// <summary>Who sent it, once that is known.</summary>
    public Caller? Caller { get; set; }

    /// <summary>The image or the plan that it is about, once it could be read.</summary>
    public Guid? Subject { get; set; }

    /// <summary>The key that it is known by, once it could be read.</summary>
    public string? Key { get; set; }

    /// <summary>Where what it is about lies, once the sender is known to see it.</summary>
    public CommandPlace? Place { get; set; }

    private string? Account => Caller?.AccountName;

    public void Accept(DeployHubDb db, Guid id, bool replayed)
    {
        var isBatch = sent.Channel.Type == typeof(ExecuteSyncBatch);
        Tell(db, id, new CommandAccepted(
            sent.Channel.Word, CommandStatus.Accepted.Word(), isBatch ? null : id, isBatch ? id : null, Place?.EnvironmentId, Place?.EnvironmentName, Account!, sent.CorrelationId, Key!,
            replayed, DateTime.UtcNow));
    }

    public void Refuse(DeployHubDb db, Refusal refusal)
    {
        var id = Guid.CreateVersion7();
        Tell(db, id, new CommandRefused(
            sent.Channel.Word, CommandStatus.Refused.Word(), refusal.Code, refusal.Message, refusal.Field, refusal.Hint, Place?.EnvironmentId, Place?.EnvironmentName, Account,
            sent.CorrelationId, Key, DateTime.UtcNow));

        // Longer than what is taken in, it is not kept: its sender has it.
        var body = sent.Bytes.Length > DeadLetter.LongestBody ? null : DeadLetter.TextOf(sent.Bytes.ToArray());
        var reason = $"Refused, sent by {(Account is null ? $"the broker's user «{sent.BrokerUser}»" : $"«{Account}»")}: {refusal.Code}{(refusal.Field is null ? "" : $" ({refusal.Field})")}: {refusal.Message}";
        db.DeadLetters.Add(new DeadLetter
        {
            Id = id,
            Queue = sent.Channel.Queue,
            MessageId = Guid.TryParse(MessageId, out var messageId) ? messageId : null,
            CorrelationId = Guid.TryParse(sent.CorrelationId, out var correlationId) ? correlationId : null,
            Body = body,
            Reason = DeadLetter.Shortened(DeadLetter.Keepable(reason), DeadLetter.LongestReason),
            FailedAt = DateTime.UtcNow,
        });
    }

    private void Tell(DeployHubDb db, Guid id, object answer)
    {
        db.Publish(id, answer);
        if (envelope.ReplyTo is { } queue)
        {
            db.Reply(id, answer, queue, sent.CorrelationId, envelope.RequestId);
        }
    }
}
