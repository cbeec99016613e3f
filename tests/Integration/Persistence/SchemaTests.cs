using DeployHub.Domain.Tokens;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace DeployHub.Integration.Persistence;

public sealed class SchemaTests(Databases databases)
{
    private const string PostgresColumns = """
        SELECT table_name || '.' || column_name || ' ' || data_type || '(' || coalesce(character_maximum_length::text, '') || ') '
          || is_nullable || ' ' || is_identity || ' ' || coalesce(column_default, '') AS "Value"
        FROM information_schema.columns WHERE table_schema = 'public'
        """;

    private const string PostgresIndexes = """SELECT indexdef AS "Value" FROM pg_indexes WHERE schemaname = 'public'""";

    private const string PostgresConstraints = """
        SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) AS "Value" FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        """;

    private const string SqliteColumns = """
        SELECT t.name || '.' || c.name || ' ' || c.type || ' notnull=' || c."notnull" || ' pk=' || c.pk || ' ' || coalesce(c.dflt_value, '')
          || (t.sql LIKE '%AUTOINCREMENT%') AS "Value"
        FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'
        """;

    private const string SqliteIndexes = """
        SELECT t.name || ' ' || i.name || ' unique=' || i."unique" || ' ' || (SELECT group_concat(x.name) FROM pragma_index_info(i.name) x) AS "Value"
        FROM sqlite_master t, pragma_index_list(t.name) i WHERE t.type = 'table'
        """;

    private const string SqliteKeys = """
        SELECT t.name || '.' || f."from" || ' -> ' || f."table" || '.' || f."to" || ' ' || f.on_delete AS "Value"
        FROM sqlite_master t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'
        """;

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task The_migrated_schema_is_the_models(Provider provider)
    {
        await using var migrated = await databases.New(provider);
        await using var modelled = await databases.New(provider, migrated: false);
        await modelled.Read(db => db.Database.EnsureCreatedAsync());

        string[] questions = provider == Provider.Postgres ? [PostgresColumns, PostgresIndexes, PostgresConstraints] : [SqliteColumns, SqliteIndexes, SqliteKeys];
        foreach (var question in questions)
        {
            var expected = await Ask(modelled, question);
            Assert.NotEmpty(expected);
            Assert.Equal(expected, await Ask(migrated, question));
        }
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Hosts_that_start_at_once_migrate_once(Provider provider)
    {
        await using var first = await databases.New(provider, migrated: false);
        await using var second = provider == Provider.Postgres ? TestDatabase.On(first.Options.Postgres) : null;

        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => i % 2 == 1 && second is not null ? second.Migrate(TestContext.Current.CancellationToken) : first.Migrate(TestContext.Current.CancellationToken))));

        await Applied_once(first);
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task A_start_on_a_migrated_database_changes_nothing(Provider provider)
    {
        await using var database = await databases.New(provider);
        await database.Write(db => db.Environments.Add(new() { Id = Guid.CreateVersion7(), Name = "production" }));

        await database.Migrate(TestContext.Current.CancellationToken);

        await Applied_once(database);
        Assert.Equal("production", await database.Read(db => db.Environments.Select(x => x.Name).SingleAsync()));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Tokens_of_before_accounts_go_on_under_accounts_of_their_own(Provider provider)
    {
        await using var database = await databases.New(provider, migrated: false);
        var (id, at) = (Guid.CreateVersion7(), new DateTime(2026, 1, 31, 10, 0, 0, DateTimeKind.Utc));
        await database.Read(async db =>
        {
            await MigrateBefore(db, "0005");
            await db.Database.ExecuteSqlAsync($"INSERT INTO api_tokens (id, name, hash, role, created_at) VALUES ({id}, 'ci', 'hash', 'operator', {at})");
            return await db.Database.ExecuteSqlAsync($"INSERT INTO audit_entries (id, at, actor, action) VALUES ({id}, {at}, 'ci', 'deployment.accept')");
        });

        await database.Migrate(TestContext.Current.CancellationToken);

        var (token, account, entry) = await database.Read(async db => (
            await db.ApiTokens.SingleAsync(), await db.Accounts.SingleAsync(), await db.AuditEntries.SingleAsync()));
        Assert.Equal((id, "ci", Role.Operator, at, null), (account.Id, account.Name, account.Role, account.CreatedAt, account.EnvironmentIds));
        Assert.Equal((id, id, "hash", Role.Operator, null), (token.Id, token.AccountId, token.Hash, token.Role, token.EnvironmentIds));
        Assert.Equal((id, at, AuditResult.Done, 1), (entry.Id, entry.At, entry.Result, entry.Tries));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_start_after_a_kill_in_the_middle_of_a_migration_does_not_wait(bool wasMigrated)
    {
        await using var database = await databases.New(Provider.Sqlite, migrated: wasMigrated);
        await database.Read(db => db.Database.ExecuteSqlRawAsync(
            """
            CREATE TABLE IF NOT EXISTS "__EFMigrationsLock" ("Id" INTEGER NOT NULL CONSTRAINT "PK___EFMigrationsLock" PRIMARY KEY, "Timestamp" TEXT NOT NULL);
            INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-01-01 00:00:00+00:00');
            """));
        await File.WriteAllTextAsync(database.Options.SqliteFile + ".migrating", "", TestContext.Current.CancellationToken);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));

        await database.Migrate(deadline.Token);

        await Applied_once(database);
    }

    [Fact]
    public async Task A_host_that_starts_while_another_migrates_waits_for_it()
    {
        await using var database = await databases.New(Provider.Sqlite, migrated: false);
        Task start;
        await using (new FileStream(database.Options.SqliteFile + ".migrating", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            start = database.Migrate(TestContext.Current.CancellationToken);
            Assert.False(start.IsCompleted);
        }

        await start;
        await Applied_once(database);
    }

    [Fact]
    public async Task The_lock_of_a_migration_that_failed_does_not_keep_others_out()
    {
        await using var database = await databases.New(Provider.Postgres, migrated: false);
        await database.Read(db => db.Database.ExecuteSqlRawAsync("CREATE TABLE environments (x int)"));
        using (var soon = new CancellationTokenSource(TimeSpan.FromSeconds(3)))
        {
            await Assert.ThrowsAnyAsync<Exception>(() => database.Migrate(soon.Token));
        }

        await database.Read(db => db.Database.ExecuteSqlRawAsync("DROP TABLE environments"));
        await using var other = TestDatabase.On(database.Options.Postgres + ";Application Name=other");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await other.Migrate(deadline.Token);

        await Applied_once(database);
    }

    // EF Core's own way to a migration in the middle wants times in their ids.
    private static async Task MigrateBefore(DeployHubDb db, string end)
    {
        var (all, generator, history) = (db.GetService<IMigrationsAssembly>(), db.GetService<IMigrationsSqlGenerator>(), db.GetService<IHistoryRepository>());
        await db.Database.ExecuteSqlRawAsync(history.GetCreateScript());
        foreach (var (id, type) in all.Migrations.Where(x => string.CompareOrdinal(x.Key, end) < 0))
        {
            foreach (var command in generator.Generate(all.CreateMigration(type, db.Database.ProviderName!).UpOperations))
            {
                await db.Database.ExecuteSqlRawAsync(command.CommandText);
            }

            await db.Database.ExecuteSqlRawAsync(history.GetInsertScript(new HistoryRow(id, "10.0.0")));
        }
    }

    private static async Task Applied_once(TestDatabase database)
    {
        var applied = await database.Read(async db => (
            Known: db.Database.GetMigrations().ToList(), Applied: (await db.Database.GetAppliedMigrationsAsync()).ToList(), Pending: (await db.Database.GetPendingMigrationsAsync()).ToList()));
        Assert.Equal(applied.Known, applied.Applied);
        Assert.Empty(applied.Pending);
    }

    private static async Task<List<string>> Ask(TestDatabase database, string question) =>
        [.. (await database.Read(db => db.Database.SqlQueryRaw<string>(question).ToListAsync()))
            .Where(x => !x.Contains("__EF", StringComparison.Ordinal) && !x.Contains("sqlite_sequence", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
