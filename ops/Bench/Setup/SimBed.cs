using DeployHub.Servers;
using Npgsql;

namespace DeployHub.Bench.Setup;

/// <summary>What a run about DeployHub itself needs: simulated engines that answer at once, PostgreSQL, RabbitMQ, and DeployHub in the distributed shape. All of it is gone at the end.</summary>
internal sealed class SimBed : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan IdleDeadline = TimeSpan.FromMinutes(10);
    private readonly Stack<IAsyncDisposable> _started = new();

    public Postgres Postgres { get; private set; } = null!;
    public RabbitMq Broker { get; private set; } = null!;
    public SimulatedEngines Engines { get; private set; } = null!;
    public Hub Hub { get; private set; } = null!;

    /// <summary>DeployHub's database.</summary>
    public string Database { get; private set; } = "";

    public static async Task<SimBed> Start(int engines)
    {
        Console.Error.WriteLine($"starting {engines} simulated engines, PostgreSQL, RabbitMQ, an Api and a Worker");
        var bed = new SimBed();
        try
        {
            // An Api, two Workers and a bare client, each with a pool of its own.
            var (database, broker, simulated) = (Postgres.Start(settings: "max_connections=500"), RabbitMq.Start(), SimulatedEngines.Start(engines));
            bed._started.Push(bed.Postgres = await database);
            bed._started.Push(bed.Broker = await broker);
            bed._started.Push(bed.Engines = await simulated);
            bed.Database = await bed.Postgres.CreateDatabase("deployhub");
            bed._started.Push(bed.Hub = await Hub.Distributed(Path.Combine(bed.Postgres.Folder.Path, "distributed"), bed.Database, bed.Broker.Uri));
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns when no work is outstanding. A plan holds its locks from its acceptance until its former containers are gone.</summary>
    public async Task Idle()
    {
        await using var database = new NpgsqlConnection(Database);
        await database.OpenAsync();
        await using var count = new NpgsqlCommand("SELECT (SELECT count(*) FROM target_locks) + (SELECT count(*) FROM step_leases) + (SELECT count(*) FROM outbox_messages WHERE token IS NULL)", database);
        using var late = new CancellationTokenSource(IdleDeadline);
        while ((long)(await count.ExecuteScalarAsync(late.Token))! > 0)
        {
            await Task.Delay(LookEvery, late.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (_started.TryPop(out var server))
        {
            await server.DisposeAsync();
        }
    }
}
