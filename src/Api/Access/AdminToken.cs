using DeployHub.Api.Http;
using DeployHub.Domain.Accounts;
using DeployHub.Domain.Tokens;
using DeployHub.Hosting;
using DeployHub.Intake.Tokens;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Access;

/// <summary>
/// Sees to it that there is a token to begin with: the one that <c>DEPLOYHUB_ADMIN_TOKEN</c> (or its file) sets or, at the first start, a new one in a
/// file that its owner alone can read. Never logged.
/// </summary>
internal sealed partial class AdminToken(
    IServiceScopeFactory scopes, IConfiguration configuration, HostSettings settings, ILogger<AdminToken> log) : IHostedService
{
    private const string Setting = "DEPLOYHUB_ADMIN_TOKEN";
    private const string Name = "admin";
    private const int ShortestText = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private const int HashDigitsInName = 8;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var end = DateTime.UtcNow + Patience;
        while (true)
        {
            try
            {
                await Ensure(cancellationToken);
                return;
            }
            catch (Exception e) when ((e is DbUpdateException || DatabaseOutage.Is(e)) && DateTime.UtcNow < end)
            {
                // Another host that starts at the same time may have been faster, or the database has just gone away.
                AnotherTry(e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task Ensure(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        if (configuration.Secret(Setting) is { Length: > 0 } text)
        {
            if (text.Length < ShortestText || text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            {
                throw new SettingsException(Setting, $"must be at least {ShortestText} characters without spaces.");
            }

            var hash = TokenText.Hash(text);
            if (!await db.ApiTokens.AnyAsync(x => x.Hash == hash, ct))
            {
                var taken = await db.ApiTokens.AnyAsync(x => x.Name == Name, ct) || await db.Accounts.AnyAsync(x => x.Name == Name, ct);
                var name = taken ? $"{Name}-{hash[..HashDigitsInName]}" : Name;
                await db.InTransaction(() => Add(db, name, hash, ct), ct);
            }
        }
        else if (!await db.ApiTokens.AnyAsync(ct))
        {
            var made = TokenText.New();
            var file = Path.Combine(settings.DataDirectory, "admin-token");
            await db.InTransaction(
                async () =>
                {
                    await Add(db, Name, TokenText.Hash(made), ct);
                    Directory.CreateDirectory(settings.DataDirectory);

                    // Before the commit, so that no token is ever valid that nobody knows.
                    OwnerOnlyFile.Write(file, made);
                },
                ct);
            Made(file);
        }
    }

    private static Task<int> Add(DeployHubDb db, string name, string hash, CancellationToken ct)
    {
        var now = DateTime.UtcNow;
        var account = new Account { Id = Guid.CreateVersion7(), Name = name, Role = Role.Admin, CreatedAt = now };
        db.Accounts.Add(account);
        db.ApiTokens.Add(new ApiToken { Id = Guid.CreateVersion7(), AccountId = account.Id, Name = name, Hash = hash, Role = Role.Admin, CreatedAt = now });
        return db.SaveChangesAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The first start: the admin's token is in {File}.")]
    private partial void Made(string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The admin's token could not be looked after yet, trying again: {Reason}")]
    private partial void AnotherTry(string reason);
}
