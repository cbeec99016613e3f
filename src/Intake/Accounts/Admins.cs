using DeployHub.Domain.Tokens;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Accounts;

/// <summary>There is always a valid token of an admin that sees all environments: without one nobody could make another.</summary>
internal static class Admins
{
    // Two that each take away what the other one counts on must not pass each other by.
    private const long AdminsLock = 0x61646D696E73;

    /// <summary>Call it first in the transaction that may take an admin away. On SQLite there is one writer anyway.</summary>
    public static Task HoldAdmins(this DeployHubDb db, CancellationToken ct) =>
        db.Database.IsNpgsql() ? db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({AdminsLock})", ct) : Task.CompletedTask;

    /// <summary>Whether there is another one.</summary>
    /// <param name="db">The database.</param>
    /// <param name="tokenId">The token that goes; null: none by itself.</param>
    /// <param name="accountId">The account all of whose tokens go; null: none.</param>
    /// <param name="ct">Ends the try.</param>
    public static Task<bool> HaveAnother(this DeployHubDb db, Guid? tokenId, Guid? accountId, CancellationToken ct)
    {
        var now = DateTime.UtcNow;
        return db.ApiTokens
            .Where(x => x.Id != tokenId && x.Role == Role.Admin && x.EnvironmentIds == null && x.RevokedAt == null && (x.ExpiresAt == null || x.ExpiresAt > now))
            .AnyAsync(token => db.Accounts.Any(
                x => x.Id == token.AccountId && x.Id != accountId && x.Role == Role.Admin && x.EnvironmentIds == null && x.DisabledAt == null), ct);
    }
}
