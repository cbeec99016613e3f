using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DeployHub.Contracts.Errors;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Tokens;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake;

/// <summary>A key under which a caller may repeat a request without it being done twice.</summary>
/// <param name="Scope">The caller.</param>
/// <param name="Key">The caller's key.</param>
/// <param name="Hash">What was asked for; another request under the same key is refused.</param>
/// <param name="At">When the request came.</param>
internal sealed record IdempotencyTicket(string Scope, string Key, string Hash, DateTime At)
{
    private const int LongestKey = 200;

    /// <summary>How long a key is remembered; the housekeeping removes it some time after.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    public static Refusal? Check(RequestKey key) => key.Text is { Length: >= 1 and <= LongestKey }
        ? null
        : Refusal.Invalid(key.Field, $"must be 1 to {LongestKey} characters.");

    /// <summary>SHA-256 over the operation and the body, in which the order of keys does not matter.</summary>
    public static string HashOf(string operation, object body)
    {
        using var text = new MemoryStream();
        text.Write(Encoding.UTF8.GetBytes(operation + "\n"));
        using (var writer = new Utf8JsonWriter(text))
        {
            WriteSorted(writer, JsonSerializer.SerializeToElement(body, WireWords.Json));
        }

        return Convert.ToHexStringLower(SHA256.HashData(text.ToArray()));
    }

    private static void WriteSorted(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(property.Name);
                    WriteSorted(writer, property.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    WriteSorted(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}

/// <summary>
/// Every request that makes or begins something goes through here. The key is written by <see cref="Audit.Record"/>, in the request's own
/// transaction: a request that was refused does not use its key up, and of two at once one is done and both are told of it.
/// </summary>
internal static class Idempotency
{
    // A unique violation means that another request under the same key was faster: the next try sees its rows.
    private const int MostTries = 3;

    /// <summary>Does what is asked for, or gives again what the same request made before, as it is now.</summary>
    /// <param name="db">The database.</param>
    /// <param name="caller">Who asks, and under which key.</param>
    /// <param name="operation">What is asked for, and of what.</param>
    /// <param name="request">How; it holds no secret, since what is kept of it could be guessed at.</param>
    /// <param name="act">Does it for the caller that it is given.</param>
    /// <param name="again">Reads what the row names; null when it is gone.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    public static async Task<Result<T>> Once<T>(
        this DeployHubDb db, Caller caller, string operation, object request, Func<Caller, Task<Result<T>>> act, Func<IdempotencyKey, Task<T?>> again, CancellationToken ct)
        where T : class
    {
        if (caller.Key is not { } key)
        {
            return await act(caller);
        }

        if (IdempotencyTicket.Check(key) is { } badKey)
        {
            return badKey;
        }

        var ticket = new IdempotencyTicket(caller.Scope, key.Text, IdempotencyTicket.HashOf(operation, request), DateTime.UtcNow);
        for (var tries = 1; ; tries++)
        {
            caller.Receipt?.BeginTry();
            var (row, reused) = await db.FindRepeated(ticket, ct);
            if (reused is not null)
            {
                return reused with { Field = key.Field };
            }

            if (row is not null)
            {
                key.Replayed = true;
                return await again(row) is { } before ? before : new Refusal(
                    404, ErrorCodes.NotFound, $"What the first request under this key made is not there any more ({row.ResourceId}).", key.Field,
                    "Use a new key to make it again.");
            }

            try
            {
                var result = await act(caller with { Ticket = ticket });
                if (tries == MostTries || !result.IsRefused(out var refusal, out _) || refusal.Status != 409 || (await db.FindRepeated(ticket, ct)).Row is null)
                {
                    return result;
                }
            }
            catch (DbUpdateException e) when (tries < MostTries && e.IsUniqueViolation())
            {
                // The next look finds what the other one made.
            }

            db.ChangeTracker.Clear();
        }
    }

    /// <summary>The same for a request that makes one row.</summary>
    public static Task<Result<T>> Once<T>(
        this DeployHubDb db, Caller caller, string operation, object request, Func<Caller, Task<Result<T>>> act, CancellationToken ct) where T : class =>
        db.Once(caller, operation, request, act, async row => await db.Set<T>().FindAsync([row.ResourceId], ct), ct);

    public static void Keep(this DeployHubDb db, IdempotencyTicket? ticket, Guid resourceId)
    {
        if (ticket is not null)
        {
            db.IdempotencyKeys.Add(new IdempotencyKey
            {
                Caller = ticket.Scope, Key = ticket.Key, RequestHash = ticket.Hash, ResourceId = resourceId, CreatedAt = ticket.At,
            });
        }
    }

    // A row whose time is over is removed, so that the key can be used again.
    private static async Task<(IdempotencyKey? Row, Refusal? Refusal)> FindRepeated(this DeployHubDb db, IdempotencyTicket ticket, CancellationToken ct)
    {
        var row = await db.IdempotencyKeys.AsNoTracking().FirstOrDefaultAsync(x => x.Caller == ticket.Scope && x.Key == ticket.Key, ct);
        var oldest = DateTime.UtcNow - IdempotencyTicket.Kept;
        if (row is not null && row.CreatedAt < oldest)
        {
            await db.InTransaction(
                () => db.IdempotencyKeys.Where(x => x.Caller == ticket.Scope && x.Key == ticket.Key && x.CreatedAt < oldest).ExecuteDeleteAsync(ct), ct);
            row = null;
        }

        return row is null || row.RequestHash == ticket.Hash
            ? (row, null)
            : (null, new Refusal(
                409, ErrorCodes.IdempotencyKeyReused, "This idempotency key was used with another request.", "Idempotency-Key",
                "Repeat a request with the very same body, or use a new key."));
    }
}
