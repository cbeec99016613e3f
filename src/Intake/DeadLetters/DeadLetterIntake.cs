using System.Text.Json;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.DeadLetters;

/// <summary>A dead letter that is on its way again.</summary>
public sealed record ResentLetter(Guid Id);

/// <summary>Sends dead letters again, or discards them.</summary>
public sealed class DeadLetterIntake(DeployHubDb db)
{
    /// <summary>Sends it as the message that it was, under the same id: a reader that has handled it before drops it. It is no dead letter any more then.</summary>
    public Task<Result<ResentLetter>> Resend(Guid id, Caller caller, CancellationToken ct) => db.Once(
        caller, $"resend dead letter {id}", new { },
        async by => await Take(id, by, "dead-letter.resend", Again, ct) is { } refusal ? refusal : new ResentLetter(id),
        row => Task.FromResult<ResentLetter?>(new ResentLetter(row.ResourceId)), ct);

    /// <summary>Forgets it.</summary>
    public Task<Refusal?> Discard(Guid id, Caller caller, CancellationToken ct) => Take(id, caller, "dead-letter.discard", _ => null, ct);

    private async Task<Refusal?> Take(Guid id, Caller caller, string action, Func<DeadLetter, Refusal?> act, CancellationToken ct)
    {
        var letter = await db.DeadLetters.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (letter is null)
        {
            return Refusal.NotFound("dead letter", id);
        }

        if (act(letter) is { } refusal)
        {
            return refusal;
        }

        // Of two who take it at once, one finds it gone.
        return await db.Commit(
            () =>
            {
                db.DeadLetters.Remove(letter);
                db.Record(caller, action, id, null, $"{letter.MessageType ?? "unknown"} of {letter.Queue ?? "an event"}");
            },
            Refusal.NotFound("dead letter", id), ct);
    }

    private Refusal? Again(DeadLetter letter)
    {
        if (letter is not { MessageType: { } type, Body: { } body })
        {
            return Refusal.Conflict(
                "It is no message of DeployHub's, or too long to be kept, so it cannot be sent again.", null, "Put it right and have its sender send it, then discard this one.");
        }

        var message = new OutboxMessage
        {
            MessageId = letter.MessageId ?? letter.Id, Queue = letter.Queue, MessageType = type, Body = body, CorrelationId = letter.CorrelationId ?? letter.Id, DueAt = DateTime.UtcNow + OutboxWriting.OwnLease,
        };
        try
        {
            message.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Refusal.Conflict($"It cannot be read, so it cannot be sent again: {e.Message}", null, "Have its sender put it right, then discard this one.");
        }

        db.Outbox.Add(message);
        return null;
    }
}
