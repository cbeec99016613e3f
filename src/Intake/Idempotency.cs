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
internal sealed record IdempotencyTicket(string Scope, string Key, string Hash)
{
    private const int LongestKey = 200;

    /// <summary>How long a key is remembered; the housekeeping removes it some time after.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    public static Refusal? Check(string? key) => key is null or { Length: >= 1 and <= LongestKey }
        ? null
        : Refusal.Invalid("Idempotency-Key", $"must be 1 to {LongestKey} characters.");

    public static IdempotencyTicket? For(string? key, Caller caller, string operation, object body) =>
        key is null ? null : new IdempotencyTicket(caller.Scope, key, HashOf(operation, body));

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

internal static class IdempotencyKeys
{
    /// <summary>
    /// The resource that the same request made before, null when this is the first, or a refusal when the key was used with
    /// another. A row whose time is over is removed, so that the key can be used again.
    /// </summary>
    public static async Task<(Guid? Resource, Refusal? Refusal)> FindRepeated(this DeployHubDb db, IdempotencyTicket? ticket, CancellationToken ct)
    {
        if (ticket is null)
        {
            return default;
        }

        var row = await db.IdempotencyKeys.AsNoTracking().FirstOrDefaultAsync(x => x.Caller == ticket.Scope && x.Key == ticket.Key, ct);
        var oldest = DateTime.UtcNow - IdempotencyTicket.Kept;
        if (row is not null && row.CreatedAt < oldest)
        {
            await db.InTransaction(
                () => db.IdempotencyKeys.Where(x => x.Caller == ticket.Scope && x.Key == ticket.Key && x.CreatedAt < oldest).ExecuteDeleteAsync(ct), ct);
            row = null;
        }

        return row is null || row.RequestHash == ticket.Hash
            ? (row?.ResourceId, null)
            : (null, new Refusal(
                409, ErrorCodes.IdempotencyKeyReused, "This idempotency key was used with another request.", "Idempotency-Key",
                "Repeat a request with the very same body, or use a new key."));
    }

    public static void Keep(this DeployHubDb db, IdempotencyTicket? ticket, Guid resourceId)
    {
        if (ticket is not null)
        {
            db.IdempotencyKeys.Add(new IdempotencyKey
            {
                Caller = ticket.Scope, Key = ticket.Key, RequestHash = ticket.Hash, ResourceId = resourceId, CreatedAt = DateTime.UtcNow,
            });
        }
    }
}
