using DeployHub.Bench.Setup;
using DeployHub.Servers;

namespace DeployHub.Bench.Peers;

/// <summary>One engine that is a swarm of one node, a registry with two good releases and a failing one, and DeployHub in the distributed shape on the same engine.</summary>
internal sealed class PeerBed : IAsyncDisposable
{
    private static readonly TimeSpan HealthEvery = TimeSpan.FromSeconds(1);
    private readonly Stack<IAsyncDisposable> _started = new();

    public DockerEngine Engine { get; private set; } = null!;
    public RawEngine Raw { get; private set; } = null!;
    public Hub Hub { get; private set; } = null!;

    /// <summary>Two releases that become healthy at their first check.</summary>
    public StoredImage[] Good { get; private set; } = [];

    /// <summary>The same with a check that fails: tag «bad» of the same name.</summary>
    public StoredImage Bad { get; private set; } = null!;

    public static async Task<PeerBed> Start()
    {
        Console.Error.WriteLine("starting an engine that is a swarm, a registry, PostgreSQL, RabbitMQ, an Api and a Worker");
        var bed = new PeerBed();
        try
        {
            var (engine, registry, postgres, broker) = (DockerEngine.Start("peers"), Registry.Start(), Postgres.Start(), RabbitMq.Start());
            bed._started.Push(bed.Engine = await engine);
            bed._started.Push(await registry);
            bed._started.Push(await postgres);
            bed._started.Push(await broker);
            bed.Raw = new RawEngine(bed.Engine.Uri.LocalPath);
            await bed.Publish(await registry);

            // On the loopback alone, so that nobody can join it.
            await bed.Engine.Docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", $"127.0.0.1:{FreePorts.Next()}");
            bed._started.Push(bed.Hub = await Hub.Distributed(
                Path.Combine(bed.Engine.Folder.Path, "distributed"), await (await postgres).CreateDatabase("deployhub"), (await broker).Uri));
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
        Raw?.Dispose();
        while (_started.TryPop(out var server))
        {
            await server.DisposeAsync();
        }
    }

    // The bytes are on the engine before anything is measured: a slow registry is nobody's merit.
    private async Task Publish(Registry registry)
    {
        var release = TestImage.Serving("one").Healthy(HealthEvery);
        Good =
        [
            await registry.Push(release, "bench/peers", "v1"),
            await registry.Push(release with { Text = "two" }, "bench/peers", "v2"),
        ];
        Bad = await registry.Push((release with { Text = "bad" }).Unhealthy(HealthEvery), "bench/peers", "bad");
        foreach (var image in Good.Append(Bad))
        {
            await Raw.Pull(image.ByDigest);
        }
    }
}
