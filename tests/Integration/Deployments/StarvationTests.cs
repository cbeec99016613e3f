using DeployHub.Integration.Hub;
using DeployHub.Servers;
using DeployHub.Tests.Docker;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Deployments;

/// <summary>More steps than a worker ever had places for wait for what hangs; a plan that needs nothing of it completes meanwhile.</summary>
public sealed class StarvationTests(StandaloneHub fixture) : IClassFixture<StandaloneHub>
{
    private const int Steps = 35;

    [Fact]
    public async Task Seventy_steps_at_an_engine_that_hangs_do_not_hold_up_a_plan_on_another()
    {
        await using var engine = await DockerEngine.Start();
        using var line = HeldLine.To(engine);
        var (healthy, registry) = await fixture.Servers();
        var shops = await Task.WhenAll(Fleet(), Fleet());
        line.Hold = "/containers/create";
        var plans = await Task.WhenAll(shops.Select(shop => shop.Submit(new { imageTag = "v1", maxParallel = 64 })));

        // As many as one registry may have at one server; the others stand as rows.
        await line.Holds(16);
        engine.Pause();
        await CompletesMeanwhile(healthy, registry);

        engine.Resume();
        await CancelAll(shops, plans, line.Cut);
        Assert.Equal("", (await engine.Docker("ps", "-aq")).Trim());

        async Task<Shop> Fleet()
        {
            var shop = await Shop.Open(await fixture.Hub(), healthy, registry: registry);
            await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
            await AddServices(shop, await shop.AddServer("web-2", $"tcp://{line.Host}"));
            return shop;
        }
    }

    [Fact]
    public async Task Seventy_steps_at_a_registry_that_hangs_in_mid_pull_do_not_hold_up_a_plan_on_the_same_server()
    {
        await using var hanging = new BrokenRegistry(hangs: true);
        await using var engine = await DockerEngine.Start();
        var (_, registry) = await fixture.Servers();
        var shops = await Task.WhenAll(Fleet(), Fleet());
        var plans = await Task.WhenAll(shops.Select(shop => shop.Submit(new { imageTag = "v1", maxParallel = 64 })));
        await hanging.LayerBegun.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await Eventually.True(async () => await Pulling() >= 16, TimeSpan.FromSeconds(60));

        await CompletesMeanwhile(engine, registry);

        await CancelAll(shops, plans);

        async Task<int> Pulling() => (await Task.WhenAll(shops.Zip(plans, (shop, plan) => shop.Plan(plan))))
            .Sum(plan => plan["steps"]!.AsArray().Count(step => (string?)step!["phase"] == "pulling"));

        async Task<Shop> Fleet()
        {
            var shop = await Shop.Open(await fixture.Hub(), engine, $"{hanging.Host}/app");
            await AddServices(shop, shop.ServerId);
            return shop;
        }
    }

    private static async Task AddServices(Shop shop, string server)
    {
        for (var i = 0; i < Steps; i++)
        {
            await shop.AddService($"api-{i}", servers: server);
        }
    }

    private async Task CompletesMeanwhile(DockerEngine engine, Registry registry)
    {
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("well");
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v1" }))["status"]!);
        Assert.Equal($"{name}=running", await shop.Containers(engine));
        await engine.Docker("rm", "-f", name);
    }

    // None had touched anything, so none of it is to be seen afterwards.
    private async Task CancelAll(Shop[] shops, string[] plans, Action? told = null)
    {
        foreach (var (shop, plan) in shops.Zip(plans))
        {
            Assert.Equal(202, (await shop.Ask(plan, "cancel", new { rollback = true })).Status);
        }

        var hub = await fixture.Hub();
        await Eventually.True(() => hub.Read(db => db.WorkItems.AllAsync(x => x.StopAt != null)));
        told?.Invoke();
        foreach (var (shop, plan) in shops.Zip(plans))
        {
            var ended = await shop.End(plan);
            Assert.Equal("cancelled", (string)ended["status"]!);
            Assert.All(ended["steps"]!.AsArray(), step => Assert.Equal("skipped", (string)step!["status"]!));
        }
    }
}
