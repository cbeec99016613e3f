using DeployHub.Integration.Persistence;
using DeployHub.Persistence;
using DeployHub.Persistence.Migrations;
using DeployHub.Servers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

[assembly: AssemblyFixture(typeof(Databases))]

namespace DeployHub.Integration.Persistence;

public enum Provider
{
    Sqlite,
    Postgres,
}

/// <summary>Databases for tests, one each; the server that holds those of PostgreSQL is shared.</summary>
public sealed class Databases : IAsyncDisposable
{
    private readonly ExternalServers _servers = new();

    public static TheoryData<Provider> Providers => [Provider.Sqlite, Provider.Postgres];

    public async Task<TestDatabase> New(Provider provider, bool migrated = true)
    {
        var database = TestDatabase.On(provider == Provider.Postgres ? await _servers.NewDatabase() : null);
        if (migrated)
        {
            await database.Migrate();
        }

        return database;
    }

    public Task<Uri> Broker() => _servers.Broker();

    public ValueTask DisposeAsync() => _servers.DisposeAsync();
}

/// <summary>An empty database of one test's own.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private TestDatabase(PersistenceOptions options, string folder)
    {
        (Options, Folder) = (options, folder);
        _services = new ServiceCollection().AddLogging(log => log.SetMinimumLevel(LogLevel.Critical)).AddPersistence(options).BuildServiceProvider();
    }

    public PersistenceOptions Options { get; }

    public string Folder { get; }

    public IServiceScopeFactory Scopes => _services.GetRequiredService<IServiceScopeFactory>();

    /// <param name="postgres">The connection string, or null for a file of SQLite.</param>
    public static TestDatabase On(string? postgres)
    {
        // All tests share a server with 200 places; a pool keeps its own until it is cleared.
        postgres = postgres is null ? null : $"{postgres};Maximum Pool Size=15";
        var folder = Directory.CreateTempSubdirectory("deployhub-database-").FullName;
        return new TestDatabase(new PersistenceOptions(postgres, postgres is null ? Path.Combine(folder, "hub.db") : null), folder);
    }

    /// <summary>What a host does before it starts.</summary>
    public Task Migrate(CancellationToken ct = default) => _services.GetServices<IHostedService>().OfType<DatabaseMigrator>().Single().StartingAsync(ct);

    public async Task<T> Read<T>(Func<DeployHubDb, Task<T>> read)
    {
        await using var scope = Scopes.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<DeployHubDb>());
    }

    /// <summary>One transaction on a context of its own.</summary>
    public async Task Write(Func<DeployHubDb, Task> write)
    {
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        await db.InTransaction(() => write(db), CancellationToken.None);
    }

    public Task Write(Action<DeployHubDb> write) => Write(db =>
    {
        write(db);
        return Task.CompletedTask;
    });

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (Options.Postgres is not null)
        {
            await using var connection = new NpgsqlConnection(Options.Postgres);
            NpgsqlConnection.ClearPool(connection);
        }

        Directory.Delete(Folder, recursive: true);
    }
}
