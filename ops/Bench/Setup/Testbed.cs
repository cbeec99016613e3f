using System.Collections.Concurrent;
using DeployHub.Servers;

namespace DeployHub.Bench.Setup;

/// <summary>What one run needs, all of it real, and all of it gone at the end: one engine, a registry, PostgreSQL, RabbitMQ, and DeployHub in both shapes.</summary>
internal sealed class Testbed : IAsyncDisposable
{
    private readonly ConcurrentStack<IAsyncDisposable> _started = new();

    public RawEngine Raw { get; private set; } = null!;
    public Removals Removals { get; private set; } = null!;
    public EngineProxy Proxy { get; private set; } = null!;
    public string EngineAddress { get; private set; } = "";
    public StoredImage Plain { get; private set; } = null!;
    public StoredImage Checked { get; private set; } = null!;
    public Postgres Postgres { get; private set; } = null!;
    public RabbitMq Broker { get; private set; } = null!;
    public Hub Standalone { get; private set; } = null!;
    public Hub Distributed { get; private set; } = null!;
    public Hub[] Hubs => [Standalone, Distributed];

    public static async Task<Testbed> Start()
    {
        var bed = new Testbed();
        try
        {
            var engine = bed.Owns(DockerEngine.Start());
            var registry = bed.Owns(Registry.Start());
            var broker = bed.Owns(RabbitMq.Start());
            var database = bed.Owns(Postgres.Start());
            await bed.Connect(await engine);
            await bed.Publish(await registry);
            (bed.Broker, bed.Postgres) = (await broker, await database);

            // Beside the engine's own things, so that they go with them.
            var data = (await engine).Folder.Path;
            bed.Standalone = await bed.Owns(Hub.Standalone(Path.Combine(data, "standalone")));
            bed.Distributed = await bed.Owns(
                Hub.Distributed(Path.Combine(data, "distributed"), await bed.Postgres.CreateDatabase("deployhub"), bed.Broker.Uri));
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Raw is not null)
        {
            await (Removals?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (Proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
            Raw.Dispose();
        }

        while (_started.TryPop(out var server))
        {
            await server.DisposeAsync();
        }
    }

    private async Task<T> Owns<T>(Task<T> starting) where T : IAsyncDisposable
    {
        var server = await starting;
        _started.Push(server);
        return server;
    }

    private async Task Connect(DockerEngine engine)
    {
        EngineAddress = engine.Uri.OriginalString;
        Raw = new RawEngine(engine.Uri.LocalPath);
        Removals = await Removals.Watch(Raw);
        Proxy = new EngineProxy(Path.Combine(engine.Folder.Path, "proxy.sock"), engine.Uri.LocalPath);
    }

    private async Task Publish(Registry registry)
    {
        Plain = await registry.Push(TestImage.Serving("plain"), "bench/plain", "v1");
        Checked = await registry.Push(TestImage.Serving("checked").Healthy(TimeSpan.FromSeconds(1)), "bench/checked", "v1");
        await Raw.Pull(Plain.ByDigest);
        await Raw.Pull(Checked.ByDigest);
    }
}
