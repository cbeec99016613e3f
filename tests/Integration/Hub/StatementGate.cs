using DeployHub.Servers;
using Npgsql;

namespace DeployHub.Integration.Hub;

/// <summary>
/// Holds statements of a hub just before its database carries them out: a trigger that the test puts on a table waits for a lock which the
/// test has. So a process can be killed between two commits without a word of it in the product.
/// </summary>
public sealed class StatementGate : IAsyncDisposable
{
    private const string Key = "1802071404, 1";
    private readonly NpgsqlConnection _connection;
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private int _held;

    private StatementGate(NpgsqlConnection connection) => _connection = connection;

    public static async Task<StatementGate> Open(string postgres)
    {
        var gate = new StatementGate(new NpgsqlConnection($"{postgres};Pooling=false"));
        await gate._connection.OpenAsync();
        await gate.Run($"""
            CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF EXISTS (SELECT FROM deployment_plans WHERE id = NEW.plan_id AND environment_id = TG_ARGV[0]::uuid) THEN
                PERFORM pg_advisory_xact_lock_shared({Key});
              END IF;
              RETURN NEW;
            END $$;
            SELECT pg_advisory_lock({Key});
            """);
        return gate;
    }

    /// <summary>Holds each update of the table for which <paramref name="when"/> holds (in terms of OLD and NEW) and whose plan is of the environment.</summary>
    public Task Hold(string table, string when, string environmentId) => Run(
        $"CREATE TRIGGER wait_for_test_{Interlocked.Increment(ref _held)} BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION wait_for_test('{environmentId}')");

    /// <summary>How many statements are held.</summary>
    public async Task<long> Held() => (long)(await Run(
        $"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND (classid, objid) = ({Key}) AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"))!;

    /// <summary>Ends what is held, and what waits behind it, unsaid: whoever said it is dead. What comes later passes.</summary>
    public async Task Drop()
    {
        await Eventually.Equal(0L, async () => (long)(await Run(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))!);
        await Run($"SELECT pg_advisory_unlock({Key})");
    }

    public ValueTask DisposeAsync()
    {
        _oneAtATime.Dispose();
        return _connection.DisposeAsync();
    }

    private async Task<object?> Run(string sql)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            await using var command = new NpgsqlCommand(sql, _connection);
            return await command.ExecuteScalarAsync();
        }
        finally
        {
            _oneAtATime.Release();
        }
    }
}
