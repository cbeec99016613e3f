using System.Diagnostics;
using System.Text.Json;
using DeployHub.Contracts.Wire;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Persistence.Messaging;

/// <summary>Puts messages beside the rows that they tell of; they leave once the transaction is committed.</summary>
public static class OutboxWriting
{
    /// <summary>How long the process that wrote a row has to send it before any other may.</summary>
    public static readonly TimeSpan OwnLease = TimeSpan.FromSeconds(15);

    /// <summary>Sends a command to a durable queue.</summary>
    public static void Send(this DeployHubDb db, string queue, Guid correlationId, object message) =>
        db.Outbox.Add(Row(queue, correlationId, message, DateTime.UtcNow + OwnLease));

    /// <summary>Publishes an event to all who subscribe. <paramref name="traceParent"/>: the trace that it belongs to; null for the present one.</summary>
    public static void Publish(this DeployHubDb db, Guid correlationId, object message, string? traceParent = null) =>
        db.Outbox.Add(Row(null, correlationId, message, DateTime.UtcNow + OwnLease, traceParent: traceParent));

    /// <summary>Answers a caller outside.</summary>
    public static void Reply(this DeployHubDb db, Guid correlationId, object message, string queue, string? correlation, Guid? requestId) =>
        db.Outbox.Add(Row(null, correlationId, message, DateTime.UtcNow + OwnLease, replyTo: queue, correlation: correlation, requestId: requestId));

    /// <summary>Sends a command after <paramref name="delay"/>; <paramref name="token"/> calls it off.</summary>
    public static void Schedule(this DeployHubDb db, string queue, Guid correlationId, object message, TimeSpan delay, Guid token) =>
        db.Outbox.Add(Row(queue, correlationId, message, DateTime.UtcNow + delay, token));

    /// <summary>Calls a scheduled message off; one that has left already arrives and is ignored by its receiver.</summary>
    public static Task Unschedule(this DeployHubDb db, Guid token, CancellationToken ct)
    {
        // One that the same transaction has scheduled is no row yet.
        foreach (var added in db.ChangeTracker.Entries<OutboxMessage>().Where(x => x.State == EntityState.Added && x.Entity.Token == token).ToList())
        {
            added.State = EntityState.Detached;
        }

        return db.Outbox.Where(x => x.Token == token).ExecuteDeleteAsync(ct);
    }

    /// <summary>Whether a connected broker takes no messages, by what waits for it.</summary>
    public static Task<bool> BrokerIsBlocked(this DeployHubDb db, CancellationToken ct) =>
        db.Outbox.AnyAsync(x => x.LastError == OutboxMessage.NotConfirmed, ct);

    private static OutboxMessage Row(
        string? queue, Guid correlationId, object message, DateTime dueAt, Guid? token = null, string? traceParent = null, string? replyTo = null,
        string? correlation = null, Guid? requestId = null) => new()
    {
        MessageId = Guid.CreateVersion7(),
        Queue = queue,
        ReplyTo = replyTo,
        ReplyCorrelation = correlation,
        ReplyRequestId = requestId,
        MessageType = message.GetType().FullName!,
        Body = JsonSerializer.Serialize(message, message.GetType(), WireWords.Json),
        CorrelationId = correlationId,
        TraceParent = traceParent ?? TraceOf(Activity.Current),
        DueAt = dueAt,
        Token = token,
        Message = message,
    };

    // Only a W3C id can be handed on as one.
    private static string? TraceOf(Activity? activity) => activity?.IdFormat == ActivityIdFormat.W3C ? activity.Id : null;
}
