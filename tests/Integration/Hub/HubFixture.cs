using DeployHub.Servers;

namespace DeployHub.Integration.Hub;

/// <summary>A hub, an engine and a registry that the tests of one class share; started when the first of them asks.</summary>
public abstract class HubFixture : IAsyncDisposable
{
    private readonly Lazy<Task<RunningHub>> _hub;
    private readonly Lazy<Task<(DockerEngine Engine, Registry Registry)>> _servers = new(async () => (await DockerEngine.Start(), await Registry.Start()));

    protected HubFixture() => _hub = new(StartHub);

    public Task<RunningHub> Hub() => _hub.Value;

    public Task<(DockerEngine Engine, Registry Registry)> Servers() => _servers.Value;

    /// <summary>The broker, once the hub was asked for; null where messages stay in the process's memory.</summary>
    public virtual RabbitMq? Broker => null;

    /// <summary>Hears every message that goes over the broker from now on; null where they stay in the process's memory.</summary>
    public virtual Task<BusTap?> Tap() => Task.FromResult<BusTap?>(null);

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        var untold = "";
        if (_hub.IsValueCreated)
        {
            await using var hub = await _hub.Value;
            untold = await Untold(hub);
        }

        if (_servers.IsValueCreated)
        {
            await (await _servers.Value).Engine.DisposeAsync();
            await (await _servers.Value).Registry.DisposeAsync();
        }

        Assert.Equal("", untold);
    }

    protected abstract Task<RunningHub> StartHub();

    // What follows is to be ended in any case.
    private static async Task<string> Untold(RunningHub hub)
    {
        try
        {
            return await hub.Read(ToldTruth.Differences);
        }
        catch (Exception e)
        {
            return e.ToString();
        }
    }
}

public sealed class StandaloneHub : HubFixture
{
    protected override Task<RunningHub> StartHub() => RunningHub.Standalone();
}

/// <summary>One Api and two Workers over RabbitMQ and PostgreSQL.</summary>
public sealed class DistributedHub : HubFixture
{
    public const string DatabaseName = "deployhub";

    private RabbitMq? _broker;
    private Postgres? _database;

    public override RabbitMq Broker => _broker ?? throw new InvalidOperationException("The hub was not started.");

    public Postgres Database => _database ?? throw new InvalidOperationException("The hub was not started.");

    public override async Task<BusTap?> Tap() => await BusTap.Start(Broker);

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await base.DisposeAsync();
        }
        finally
        {
            await (_broker?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (_database?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    protected override async Task<RunningHub> StartHub()
    {
        var broker = RabbitMq.Start();
        _database = await Postgres.Start();
        _broker = await broker;
        return await RunningHub.Distributed(await _database.CreateDatabase(DatabaseName), _broker.Uri, workers: 2);
    }
}
