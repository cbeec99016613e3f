using System.ComponentModel;
using DeployHub.Domain.Tokens;
using DeployHub.Persistence;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Tokens;

public record NewToken
{
    [Description("1 to 100 characters; unique, also among revoked tokens, since the audit log knows callers by it.")]
    public required string Name { get; init; }

    [Description("What it may do: viewer reads, operator also deploys and rolls back, admin also changes everything else.")]
    public required Role Role { get; init; }

    [Description("When it ends, UTC; left out, never.")]
    public DateTime? ExpiresAt { get; init; }
}

/// <summary>A new token and its text, which is never shown again: not to a repeated request either.</summary>
public record MadeToken(ApiToken Token, string? Text);

/// <summary>Creates and revokes bearer tokens.</summary>
public sealed class TokenIntake(DeployHubDb db)
{
    public Task<Result<MadeToken>> Create(NewToken request, Caller caller, CancellationToken ct) => db.Once(
        caller, "create token", request, by => Make(request, by, ct),
        async row => await db.ApiTokens.FindAsync([row.ResourceId], ct) is { } made ? new MadeToken(made, null) : null, ct);

    private async Task<Result<MadeToken>> Make(NewToken request, Caller caller, CancellationToken ct)
    {
        var (now, text) = (DateTime.UtcNow, TokenText.New());
        if ((Names.Check(request.Name) ?? (request.ExpiresAt <= now ? Refusal.Invalid("expiresAt", "must lie in the future.") : null)) is { } invalid)
        {
            return invalid;
        }

        var made = new ApiToken
        {
            Id = Guid.CreateVersion7(), Name = request.Name, Hash = TokenText.Hash(text), Role = request.Role, CreatedAt = now, ExpiresAt = request.ExpiresAt,
        };
        var duplicate = Refusal.Conflict($"There is, or was, a token named «{made.Name}».", "name", "Choose another name: the audit log knows callers by it.");
        var refusal = await db.ApiTokens.AnyAsync(x => x.Name == made.Name, ct) ? duplicate : await db.Commit(
            () =>
            {
                db.ApiTokens.Add(made);
                db.Record(caller, "token.create", made.Id, null, $"{made.Name} {made.Role}");
            },
            duplicate, ct);
        return refusal is null ? new MadeToken(made, text) : refusal;
    }

    /// <summary>Revokes it from the next request on; a second time changes nothing.</summary>
    public async Task<Refusal?> Revoke(Guid id, Caller caller, CancellationToken ct)
    {
        var found = await db.ApiTokens.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("token", id);
        }

        if (found.RevokedAt is not null)
        {
            return null;
        }

        var now = DateTime.UtcNow;
        if (found.Role == Role.Admin && !await db.ApiTokens.AnyAsync(
            x => x.Id != id && x.Role == Role.Admin && x.RevokedAt == null && (x.ExpiresAt == null || x.ExpiresAt > now), ct))
        {
            return Refusal.Conflict($"«{found.Name}» is the last valid token of an admin.", null, "Create another one first.");
        }

        return await db.Commit(
            () =>
            {
                found.RevokedAt = now;
                db.Signal(id);
                db.Record(caller, "token.revoke", id, null, found.Name);
            },
            null, ct);
    }
}
