using System.Runtime.CompilerServices;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Migrations;
using DeployHub.Persistence.Streams;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace DeployHub.Persistence;

public static class PersistenceSetup
{
    // Contexts that are kept for the next use: more than there are connections (25), since some wait for one, and few enough that a burst of a
    // thousand pieces of work does not leave a thousand of them behind.
    private const int ContextsKept = 64;

    /// <summary>The database, its migrations at start, and the outbox. The secret box is the host's to add: it has the key.</summary>
    public static IServiceCollection AddPersistence(this IServiceCollection services, PersistenceOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<SqliteTurn>();
        services.AddSingleton<OutboxHandover>();
        services.AddDbContextPool<DeployHubDb>(db => Configure(db, options), ContextsKept);
        services.AddSingleton<StreamSignal>();
        services.AddHostedService<DatabaseMigrator>();
        if (options.Postgres is not null)
        {
            services.AddHostedService<StreamNotifier>();
        }

        return services;
    }

    /// <summary>The provider for the options, for a context outside of a host.</summary>
    public static DbContextOptionsBuilder Configure(DbContextOptionsBuilder db, PersistenceOptions options)
    {
        if (options.Postgres is not null)
        {
            // What is asked again and again is planned once a connection, and a connection that goes back to the pool is not swept: nothing
            // here sets anything on a session. More connections than the database has processors for only stand in each other's way, and an Api
            // and two Workers find room in the 100 that PostgreSQL gives unless told. Whatever the connection string says itself counts more.
            db.UseNpgsql($"Max Auto Prepare=100;Auto Prepare Min Usages=3;No Reset On Close=true;Maximum Pool Size=25;{options.Postgres}");
        }
        else
        {
            var connection = new SqliteConnectionStringBuilder { DataSource = options.SqliteFile, Pooling = true };
            db.UseSqlite(connection.ConnectionString).AddInterceptors(new SqlitePragmas());
        }

        // Migrations are written by hand, so there is no snapshot to compare with; a test compares schema and model instead.
        return db.ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));
    }

    private sealed class SqlitePragmas : DbConnectionInterceptor
    {
        // FULL: a commit that was answered survives a power cut. Foreign keys are off in SQLite unless asked for.
        private const string Pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000; PRAGMA foreign_keys=ON;";

        // A pooled connection keeps its settings, and is opened anew for every query.
        private readonly ConditionalWeakTable<object, object> _set = [];

        public override void ConnectionOpened(System.Data.Common.DbConnection connection, ConnectionEndEventData eventData)
        {
            if (IsSet(connection))
            {
                return;
            }

            using var command = connection.CreateCommand();
            command.CommandText = Pragmas;
            command.ExecuteNonQuery();
            Remember(connection);
        }

        public override async Task ConnectionOpenedAsync(
            System.Data.Common.DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            if (IsSet(connection))
            {
                return;
            }

            await using var command = connection.CreateCommand();
            command.CommandText = Pragmas;
            await command.ExecuteNonQueryAsync(cancellationToken);
            Remember(connection);
        }

        private bool IsSet(System.Data.Common.DbConnection connection) => _set.TryGetValue(((SqliteConnection)connection).Handle!, out _);

        private void Remember(System.Data.Common.DbConnection connection) => _set.AddOrUpdate(((SqliteConnection)connection).Handle!, this);
    }
}
