using System.Security.Cryptography;
using DeployHub.Domain.Accounts;
using DeployHub.Domain.Tokens;
using DeployHub.Integration.Hub;
using DeployHub.Intake.Tokens;
using DeployHub.Servers;

namespace DeployHub.Integration.Queue;

/// <summary>One hub with a broker for all tests of what other programs do on it.</summary>
[CollectionDefinition(Name)]
public sealed class QueueHub : ICollectionFixture<DistributedHub>
{
    public const string Name = "queue";
}

/// <summary>A program with an account: it sends commands as a user of the broker, and asks over REST with a token of the same account.</summary>
public sealed class Program : IAsyncDisposable
{
    private Program(string user, CommandSender sender, ApiClient api) => (User, Sender, Api) = (user, sender, api);

    public string User { get; }
    public CommandSender Sender { get; }
    public ApiClient Api { get; }

    /// <summary>With an account of this role and these environments (null: all); without a role, a user of the broker that belongs to no account.</summary>
    public static async Task<Program> Start(DistributedHub fixture, Role? role = Role.Operator, List<Guid>? environments = null, bool disabled = false)
    {
        var hub = await fixture.Hub();
        var (user, token) = ($"user-{Guid.NewGuid():n}"[..16], TokenText.New());
        await AddUser(fixture.Broker, user, "^$", @"^deployhub\.commands$", "^$");
        if (role is { } given)
        {
            var account = new Account
            {
                Id = Guid.CreateVersion7(), Name = user, Role = given, EnvironmentIds = environments, BrokerUser = user, CreatedAt = DateTime.UtcNow,
                DisabledAt = disabled ? DateTime.UtcNow : null,
            };
            await hub.Read(async db =>
            {
                await db.InTransaction(
                    () =>
                    {
                        db.Accounts.Add(account);
                        db.ApiTokens.Add(new ApiToken { Id = Guid.CreateVersion7(), AccountId = account.Id, Name = user, Hash = TokenText.Hash(token), Role = given, CreatedAt = DateTime.UtcNow });
                        return Task.CompletedTask;
                    },
                    CancellationToken.None);
                return true;
            });
        }

        return new Program(user, await CommandSender.Connect(fixture.Broker, user), new ApiClient(hub.Api.Address, token));
    }

    /// <summary>A user of the broker, whose password is its name, and what it may configure, write and read.</summary>
    public static async Task AddUser(RabbitMq broker, string user, string configure, string write, string read)
    {
        await broker.Ctl("add_user", user, user);
        await broker.Ctl("set_permissions", "-p", "/", user, configure, write, read);
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await Sender.DisposeAsync();
    }
}
