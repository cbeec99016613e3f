using System.ComponentModel;
using System.Globalization;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Accounts;
using DeployHub.Domain.Tokens;
using DeployHub.Persistence;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Accounts;

public record NewAccount
{
    [Description("1 to 100 characters; unique, and for good: plans and the audit log know who acted by it.")]
    public required string Name { get; init; }

    [Description("What its tokens may do at most.")]
    public required Role Role { get; init; }

    [Description("The environments that it sees; left out or null, all of them.")]
    public List<Guid>? EnvironmentIds { get; init; }

    [Description("The broker's user whose commands count as this account's: 1 to 100 characters, unique. Left out, it sends none.")]
    public string? BrokerUser { get; init; }
}

public record AccountChange
{
    [Description("What its tokens may do at most, from the next request on.")]
    public Role Role { get; init; }

    [Description("The environments that it sees from the next request on; null, all of them.")]
    public List<Guid>? EnvironmentIds { get; init; }

    [Description("The broker's user whose commands count as this account's; null, it sends none.")]
    public string? BrokerUser { get; init; }

    [Description("true: nothing of it is accepted any more. false: it is in use again.")]
    public bool Disabled { get; init; }
}

/// <summary>Creates, changes, disables and deletes accounts.</summary>
public sealed class AccountIntake(DeployHubDb db)
{
    private static readonly Refusal Taken = Refusal.Conflict(
        "There is already an account with this name or broker user.", null, "Choose another one, or change the account that is there.");

    public Task<Result<Account>> Create(NewAccount request, Caller caller, CancellationToken ct) =>
        db.Once(caller, "create account", request, by => Make(request, by, ct), ct);

    private async Task<Result<Account>> Make(NewAccount request, Caller caller, CancellationToken ct)
    {
        var made = new Account
        {
            Id = Guid.CreateVersion7(), Name = request.Name, Role = request.Role, EnvironmentIds = request.EnvironmentIds, BrokerUser = request.BrokerUser,
            CreatedAt = DateTime.UtcNow,
        };
        var refusal = Names.Check(made.Name) ?? await db.Check(made.EnvironmentIds, ct)
            ?? (await db.Accounts.AnyAsync(x => x.Name == made.Name, ct) ? DuplicateName(made.Name) : null)
            ?? await CheckBrokerUser(made, made.BrokerUser, ct)
            ?? await db.Commit(
                () =>
                {
                    db.Accounts.Add(made);
                    db.Record(caller, "account.create", made.Id, null, Describe(made));
                },
                Taken, ct);
        return refusal is null ? made : refusal;
    }

    /// <summary>Takes effect at the next request of each of its tokens.</summary>
    public async Task<Result<Account>> Change(Guid id, Patch<AccountChange> patch, Caller caller, CancellationToken ct)
    {
        if (patch.Gives(nameof(AccountChange.EnvironmentIds)) && await db.Check(patch.Body.EnvironmentIds, ct) is { } invalid)
        {
            return invalid;
        }

        Result<Account>? result = null;
        try
        {
            await db.InTransaction(async () => result = await TryChange(id, patch, caller, ct), ct);
            return result!;
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation())
        {
            return Taken;
        }
    }

    private async Task<Result<Account>> TryChange(Guid id, Patch<AccountChange> patch, Caller caller, CancellationToken ct)
    {
        await db.HoldAdmins(ct);
        if (await db.Accounts.FirstOrDefaultAsync(x => x.Id == id, ct) is not { } found)
        {
            return Refusal.NotFound("account", id);
        }

        var role = patch.Gives(nameof(AccountChange.Role)) ? patch.Body.Role : found.Role;
        var environments = patch.Gives(nameof(AccountChange.EnvironmentIds)) ? patch.Body.EnvironmentIds : found.EnvironmentIds;
        var user = patch.Gives(nameof(AccountChange.BrokerUser)) ? patch.Body.BrokerUser : found.BrokerUser;
        var disabled = patch.Gives(nameof(AccountChange.Disabled)) ? patch.Body.Disabled : found.DisabledAt is not null;
        if (await CheckBrokerUser(found, user, ct) is { } refusal)
        {
            return refusal;
        }

        if ((role != Role.Admin || environments is not null || disabled) && !await db.HaveAnother(null, id, ct))
        {
            return Refusal.Conflict(
                $"«{found.Name}» holds the last valid token of an admin that sees all environments.", null, "Create another one first.");
        }

        (found.Role, found.EnvironmentIds, found.BrokerUser) = (role, environments, user);
        found.DisabledAt = disabled ? found.DisabledAt ?? DateTime.UtcNow : null;
        db.Signal(id);
        db.Record(caller, "account.update", id, null, Describe(found));
        return found;
    }

    /// <summary>Deletes it, with the tokens that are revoked or have expired; while one of them is valid, it is in use.</summary>
    public async Task<Refusal?> Delete(Guid id, Caller caller, CancellationToken ct)
    {
        if (await db.Accounts.FirstOrDefaultAsync(x => x.Id == id, ct) is not { } found)
        {
            return Refusal.NotFound("account", id);
        }

        var (now, tokens) = (DateTime.UtcNow, await db.ApiTokens.Where(x => x.AccountId == id).ToListAsync(ct));
        var valid = tokens.FindAll(x => x.RevokedAt is null && (x.ExpiresAt is null || x.ExpiresAt > now));
        return valid.Count > 0
            ? Refusal.InUse("account", found.Name, valid.ConvertAll(x => $"token «{x.Name}»"))
            : await db.Commit(
                () =>
                {
                    db.ApiTokens.RemoveRange(tokens);
                    db.Accounts.Remove(found);
                    db.Record(caller, "account.delete", id, null, found.Name);
                },
                null, ct);
    }

    private async Task<Refusal?> CheckBrokerUser(Account account, string? user, CancellationToken ct) =>
        user is null ? null
        : Names.Check(user, "brokerUser")
            ?? (await db.Accounts.AnyAsync(x => x.BrokerUser == user && x.Id != account.Id, ct)
                ? Refusal.Conflict($"Another account has the broker user «{user}».", "brokerUser", "A broker's user stands for one account.")
                : null);

    // For the audit log: what it may do from now on.
    private static string Describe(Account x) => string.Create(
        CultureInfo.InvariantCulture,
        $"{x.Name}: {x.Role.Word()} of {(x.EnvironmentIds is { Count: var count } ? $"{count} environments" : "all environments")}{(x.DisabledAt is null ? "" : ", disabled")}");

    private static Refusal DuplicateName(string name) => Refusal.Conflict(
        $"There is already an account named «{name}».", "name", "Choose another name, or change the one that is there.");
}
