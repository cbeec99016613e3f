using System.ComponentModel;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Accounts;
using DeployHub.Domain.Tokens;
using DeployHub.Intake.Accounts;
using DeployHub.Persistence;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Tokens;

public record NewToken
{
    [Description("1 to 100 characters; unique, also among revoked tokens, since the audit log knows callers by it.")]
    public required string Name { get; init; }

    [Description("What it may do, not more than its account: viewer reads, operator also deploys and rolls back, admin also changes everything else.")]
    public required Role Role { get; init; }

    [Description("The account that it is for; left out, one of the token's name, role and environments is made.")]
    public Guid? AccountId { get; init; }

    [Description("The environments that it is for, some of the account's; left out or null, all that the account sees.")]
    public List<Guid>? EnvironmentIds { get; init; }

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
        var invalid = Names.Check(request.Name) ?? (request.ExpiresAt <= now ? Refusal.Invalid("expiresAt", "must lie in the future.") : null)
            ?? await db.Check(request.EnvironmentIds, ct);
        if (invalid is not null)
        {
            return invalid;
        }

        if ((request.AccountId is { } id ? await FindAccount(id, request, ct) : await NewAccount(request, now, ct)).IsRefused(out var refusal, out var account))
        {
            return refusal;
        }

        var made = new ApiToken
        {
            Id = Guid.CreateVersion7(), AccountId = account.Id, Name = request.Name, Hash = TokenText.Hash(text), Role = request.Role,
            EnvironmentIds = request.EnvironmentIds, CreatedAt = now, ExpiresAt = request.ExpiresAt,
        };
        var duplicate = Refusal.Conflict($"There is, or was, a token named «{made.Name}».", "name", "Choose another name: the audit log knows callers by it.");
        refusal = await db.ApiTokens.AnyAsync(x => x.Name == made.Name, ct) ? duplicate : await db.Commit(
            () =>
            {
                if (request.AccountId is null)
                {
                    db.Accounts.Add(account);
                }

                db.ApiTokens.Add(made);
                db.Record(caller, "token.create", made.Id, null, $"{made.Name}: {made.Role.Word()} of the account {account.Name}");
            },
            duplicate, ct);
        return refusal is null ? new MadeToken(made, text) : refusal;
    }

    private async Task<Result<Account>> FindAccount(Guid id, NewToken request, CancellationToken ct)
    {
        if (await db.Accounts.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, ct) is not { } account)
        {
            return Refusal.Invalid("accountId", "names no account.", "GET /api/admin/accounts lists them.");
        }

        var refusal = account.DisabledAt is not null
            ? Refusal.Conflict($"The account «{account.Name}» is disabled.", "accountId", "Enable it first, with PATCH and «disabled»: false.")
            : request.Role > account.Role
                ? Refusal.Invalid("role", $"must not be above that of the account «{account.Name}», which is {account.Role.Word()}.")
                : EnvironmentLists.CheckWithin(request.EnvironmentIds, account.EnvironmentIds);
        return refusal is null ? account : refusal;
    }

    private async Task<Result<Account>> NewAccount(NewToken request, DateTime now, CancellationToken ct) =>
        await db.Accounts.AnyAsync(x => x.Name == request.Name, ct) && !await db.ApiTokens.AnyAsync(x => x.Name == request.Name, ct)
            ? Refusal.Conflict(
                $"There is already an account named «{request.Name}», and without «accountId» one of the token's name is made.", "accountId",
                "Give that account's id, or choose another name.")
            : new Account
            {
                Id = Guid.CreateVersion7(), Name = request.Name, Role = request.Role, EnvironmentIds = request.EnvironmentIds, CreatedAt = now,
            };

    /// <summary>Revokes it from the next request on; a second time changes nothing.</summary>
    public async Task<Refusal?> Revoke(Guid id, Caller caller, CancellationToken ct)
    {
        Refusal? refusal = null;
        await db.InTransaction(async () => refusal = await TryRevoke(id, caller, ct), ct);
        return refusal;
    }

    private async Task<Refusal?> TryRevoke(Guid id, Caller caller, CancellationToken ct)
    {
        await db.HoldAdmins(ct);
        var found = await db.ApiTokens.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("token", id);
        }

        if (found.RevokedAt is not null)
        {
            return null;
        }

        if (!await db.HaveAnother(id, null, ct))
        {
            return Refusal.Conflict(
                $"«{found.Name}» is the last valid token of an admin that sees all environments.", null, "Create another one first.");
        }

        found.RevokedAt = DateTime.UtcNow;
        db.Signal(id);
        db.Record(caller, "token.revoke", id, null, found.Name);
        return null;
    }
}
