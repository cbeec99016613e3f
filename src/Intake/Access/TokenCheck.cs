using System.Security.Cryptography;
using System.Text;
using DeployHub.Domain.Accounts;
using DeployHub.Domain.Tokens;
using DeployHub.Intake.Tokens;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Access;

/// <summary>A token that was shown, and its account.</summary>
/// <param name="Token">The token.</param>
/// <param name="Account">The account that it belongs to.</param>
public sealed record ShownToken(ApiToken Token, Account Account)
{
    /// <summary>Why it is not accepted, as it goes on from «the token»; null: it is.</summary>
    public string? Problem => Token.RevokedAt is not null ? "was revoked"
        : Token.ExpiresAt <= DateTime.UtcNow ? "has expired"
        : Account.DisabledAt is not null ? "belongs to an account that is disabled"
        : null;
}

/// <summary>Looks tokens up, at every request anew: what is revoked or disabled is refused from the next one on, by every process.</summary>
public sealed class TokenCheck(DeployHubDb db, SharedReads<string, ShownToken> shared)
{
    /// <summary>The token of this text, whatever its state; null when there is none.</summary>
    public async Task<ShownToken?> Find(string text, CancellationToken ct)
    {
        var hash = TokenText.Hash(text);
        var found = await shared.Find(hash, ct);

        // The index compares as fast as it can. What it compares is a hash, which tells nothing of the text; the last word takes the same time always.
        return found is not null && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(found.Token.Hash)) ? found : null;
    }

    /// <summary>What a caller may still do that was let in a while ago, for what stays open: null once its token or account is not accepted any more.</summary>
    public async Task<Caller?> Again(Caller caller, CancellationToken ct) =>
        await With(db, db.ApiTokens.Where(x => x.Id == caller.TokenId)).FirstOrDefaultAsync(ct) is { Problem: null } found
            ? Caller.Of(found.Account, found.Token, caller.RequestId, caller.RemoteAddress, caller.TriggerType)
            : null;

    /// <summary>The same for many tokens at once: those that are still accepted, and what each may do.</summary>
    public async Task<Dictionary<Guid, Caller>> Again(IReadOnlyCollection<Guid> tokens, CancellationToken ct) =>
        (await With(db, db.ApiTokens.Where(x => tokens.Contains(x.Id))).ToListAsync(ct)).Where(x => x.Problem is null)
            .ToDictionary(x => x.Token.Id, x => Caller.Of(x.Account, x.Token, null, null));

    /// <summary>Reads the tokens of some hashes, by their hash. Every request waits for it, so its query is compiled once a host.</summary>
    internal static Func<DeployHubDb, IReadOnlyCollection<string>, Task<Dictionary<string, ShownToken>>> ByHash()
    {
        var query = EF.CompileAsyncQuery((DeployHubDb db, List<string> hashes) =>
            db.ApiTokens.Where(x => hashes.Contains(x.Hash)).AsNoTracking().Join(db.Accounts, token => token.AccountId, account => account.Id, (token, account) => new ShownToken(token, account)));
        return async (db, hashes) =>
        {
            var found = new Dictionary<string, ShownToken>(hashes.Count);
            await foreach (var shown in query(db, [.. hashes]))
            {
                found.Add(shown.Token.Hash, shown);
            }

            return found;
        };
    }

    private static IQueryable<ShownToken> With(DeployHubDb db, IQueryable<ApiToken> tokens) =>
        tokens.AsNoTracking().Join(db.Accounts, token => token.AccountId, account => account.Id, (token, account) => new ShownToken(token, account));
}
