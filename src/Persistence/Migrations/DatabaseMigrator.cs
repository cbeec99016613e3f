using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace DeployHub.Persistence.Migrations;

/// <summary>Brings the schema up to date before anything else of the host starts; of several hosts one does, the others wait.</summary>
public sealed partial class DatabaseMigrator(IServiceScopeFactory scopes, PersistenceOptions options, ILogger<DatabaseMigrator> log)
    : IHostedLifecycleService
{
    private const long MigrationLock = 0x6D696772617465;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Both take a good part of a start: the model, and the bus that the host puts together between this constructor and StartingAsync.
    private readonly Task _model = Task.Run(() => BuildModel(scopes));

    /// <summary>Completes when the schema is up to date.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        Exception? last = null;
        await _model;
        while (true)
        {
            try
            {
                await Migrate(deadline.Token);
                return;
            }
            catch (Exception e) when ((e is NpgsqlException or IOException || e.InnerException is NpgsqlException) && !deadline.IsCancellationRequested)
            {
                last = e;
                DatabaseNotReady(e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception e) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"The database could not be migrated within {Patience.TotalMinutes} minutes: {(last ?? e).Message}", last ?? e);
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static void BuildModel(IServiceScopeFactory scopes)
    {
        using var scope = scopes.CreateScope();
        _ = scope.ServiceProvider.GetRequiredService<DeployHubDb>().Model;
    }

    private async Task Migrate(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        if (options.SqliteFile is { } file)
        {
            await MigrateSqlite(db, file, ct);
            return;
        }

        // The lock ends with its session, whatever happens: a connection of the pool would lie there idle and hold it.
        var session = new NpgsqlConnectionStringBuilder(options.Postgres) { Pooling = false };
        await using var connection = new NpgsqlConnection(session.ConnectionString);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand($"SELECT pg_advisory_lock({MigrationLock})", connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
        await Apply(db, ct);
    }

    // Most starts have nothing to apply; looking first is quicker than having it made sure.
    private static async Task Apply(DeployHubDb db, CancellationToken ct)
    {
        if ((await db.Database.GetPendingMigrationsAsync(ct)).Any())
        {
            await db.Database.MigrateAsync(ct);
        }
    }

    // EF Core's own lock on SQLite is a row, which outlives a killed process and blocks every later start. The lock on a file ends
    // with its process; under it a row that is left over can only be a dead one's.
    private static async Task MigrateSqlite(DeployHubDb db, string file, CancellationToken ct)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var ownerOnly = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using var held = new FileStream(file + ".migrating", ownerOnly);

        // SQLite gives its journals the mode of the database, which holds the environment of containers: nobody else reads it.
        await using (new FileStream(file, ownerOnly))
        {
        }

        await db.Database.OpenConnectionAsync(ct);
        try
        {
            await db.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", ct);
            await Apply(db, ct);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database cannot be migrated yet: {Reason} Trying again.")]
    private partial void DatabaseNotReady(string reason);
}
