using System.Collections.Concurrent;
using DeployHub.Servers;

namespace DeployHub.Bench.Setup;

/// <summary>What a run about config files needs: engines, PostgreSQL, RabbitMQ, and DeployHub in both shapes. All of it is gone at the end.</summary>
internal sealed class SyncBed : IAsyncDisposable
{
    private readonly ConcurrentStack<IAsyncDisposable> _started = new();

    public IReadOnlyList<SyncHost> Hosts { get; private set; } = [];
    public IReadOnlyList<Hub> Hubs { get; private set; } = [];

    public static async Task<SyncBed> Start(int engines)
    {
        var bed = new SyncBed();
        try
        {
            var database = bed.Owns(Postgres.Start());
            var broker = bed.Owns(RabbitMq.Start());
            bed.Hosts = await Task.WhenAll(Enumerable.Range(1, engines).Select(i => bed.Owns(SyncHost.Start($"host-{i}"))));
            var data = bed.Hosts[0].Folder;
            bed.Hubs =
            [
                await bed.Owns(Hub.Standalone(Path.Combine(data, "standalone"))),
                await bed.Owns(Hub.Distributed(Path.Combine(data, "distributed"), await (await database).CreateDatabase("deployhub"), (await broker).Uri)),
            ];
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
}

/// <summary>An engine, and the folder of its host that files are written to. The engines share one machine, so each has a folder of its own.</summary>
internal sealed class SyncHost : IAsyncDisposable
{
    private readonly DockerEngine _engine;

    private SyncHost(DockerEngine engine, StoredImage image)
    {
        (_engine, Image, Raw) = (engine, image, new RawEngine(engine.Uri.LocalPath));
        Proxy = new EngineProxy(Path.Combine(engine.Folder.Path, "proxy.sock"), engine.Uri.LocalPath);
    }

    public string Name => _engine.Name;

    public string Endpoint => _engine.Uri.OriginalString;

    /// <summary>Where each call is noted on its way.</summary>
    public EngineProxy Proxy { get; }

    public RawEngine Raw { get; }

    /// <summary>Holds a shell, for the bare client's helper.</summary>
    public StoredImage Image { get; }

    public string Folder => _engine.Folder.Path;

    public static async Task<SyncHost> Start(string name)
    {
        var engine = await DockerEngine.Start(name);
        try
        {
            return new SyncHost(engine, await engine.Load(TestImage.Serving("helper"), "bench/helper"));
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a folder of its host.</summary>
    public string Make(string name) => Directory.CreateDirectory(Path.Combine(Folder, "files", name)).FullName;

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        Raw.Dispose();
        await _engine.DisposeAsync();
    }
}
