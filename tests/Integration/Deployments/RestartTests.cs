using DeployHub.Integration.Hub;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Deployments;

/// <summary>The whole site loses its power in the middle of a large plan.</summary>
public sealed class RestartTests
{
    private const int Services = 25;
    private const int AtOnce = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    [Fact]
    public async Task A_plan_of_fifty_steps_survives_a_restart_of_everything_at_once_in_the_middle()
    {
        await using var database = await Postgres.Start();
        await using var broker = await RabbitMq.Start();
        await using var registry = await Registry.Start();
        await using var one = await DockerEngine.Start("one");
        await using var two = await DockerEngine.Start("two");
        await using var hub = await RunningHub.Distributed(await database.CreateDatabase("deployhub"), broker.Uri, workers: 2);
        var shop = await Shop.Open(hub, one, registry: registry);
        DockerEngine[] engines = [one, two];
        EngineProxy[] proxies = [new(one.Uri), new(two.Uri)];
        string[] servers = [await shop.AddServer("one", proxies[0].Endpoint), await shop.AddServer("two", proxies[1].Endpoint)];

        // Containers that come up again with their engine.
        var names = await Task.WhenAll(Enumerable.Range(0, Services).Select(i => shop.AddService($"s{i:00}", new { restartPolicy = "always", stopGraceSeconds = 1 }, servers: servers)));
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        var image = (await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2")).ImageId;
        await Ends(await shop.Submit(new { imageTag = "v1", maxParallel = 16 }));
        var before = Array.ConvertAll(proxies, proxy => proxy.Count("/containers/create"));

        var id = await shop.Submit(new { imageTag = "v2", maxParallel = AtOnce });
        await Eventually.Value(() => shop.Plan(id), plan => (int)plan["counts"]!["success"]! >= 2 * Services / 3, Patience);
        await Task.WhenAll([hub.Server.Kill(), hub.KillWorkers(), broker.Kill(), database.Kill(), .. engines.Select(engine => engine.KillWithContainers())]);
        await Task.WhenAll([broker.StartAgain(), database.StartAgain(), .. engines.Select(engine => engine.Restart())]);
        await hub.Start();
        await Ends(id);

        await hub.Quiet(broker);
        Assert.Equal(0, await hub.Read(db => db.Steps.CountAsync(x => x.CleanupMessage != null)));
        foreach (var engine in engines)
        {
            Assert.Equal(string.Join(' ', names.Order().Select(name => $"{name}=running")), await shop.Containers(engine));
            Assert.Equal([image], (await engine.Docker(["inspect", "-f", "{{.Image}}", .. names])).Split('\n').Distinct());
        }

        // Each step asked once for its container; the few that were at it when the power failed may have asked once more.
        var made = proxies.SelectMany((proxy, i) => proxy.With("/containers/create").Skip(before[i]).Select(line => $"{i} {line}")).CountBy(line => line).ToDictionary();
        Assert.Equal(2 * Services, made.Count);
        Assert.InRange(made.Values.Sum(), 2 * Services, (2 * Services) + AtOnce);
        Assert.InRange(await hub.Read(db => db.Steps.CountAsync(x => x.PlanId == Guid.Parse(id) && x.Attempts > 1)), 0, AtOnce);
        Array.ForEach(proxies, proxy => proxy.Dispose());

        async Task Ends(string plan)
        {
            try
            {
                await Eventually.Equal("completed", async () => (string)(await shop.Plan(plan))["status"]!, Patience);
            }
            catch (TimeoutException e)
            {
                throw new TimeoutException($"{e.Message}{Environment.NewLine}{(await shop.Plan(plan)).ToJsonString()}{Environment.NewLine}{hub.Log()}", e);
            }
        }
    }
}
