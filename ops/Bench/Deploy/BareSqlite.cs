using Microsoft.Data.Sqlite;

namespace DeployHub.Bench.Deploy;

/// <summary>One commit on SQLite as DeployHub keeps it (write-ahead log, synchronous to the disk), in the same directory.</summary>
internal sealed class BareSqlite : IBare
{
    private readonly SqliteConnection _database;

    private BareSqlite(SqliteConnection database) => _database = database;

    public static async Task<BareSqlite> Open(string directory)
    {
        var database = new SqliteConnection($"Data Source={Path.Combine(directory, "bare.db")};Pooling=False");
        await database.OpenAsync();
        await using var create = database.CreateCommand();
        create.CommandText = $"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {BareRow.Create}";
        await create.ExecuteNonQueryAsync();
        return new BareSqlite(database);
    }

    public async Task Run()
    {
        await using var insert = _database.CreateCommand();
        insert.CommandText = BareRow.Insert;
        foreach (var (name, value) in BareRow.Values())
        {
            insert.Parameters.AddWithValue($"@{name}", value);
        }

        await insert.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
