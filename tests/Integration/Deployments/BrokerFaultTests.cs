using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>The broker goes away, or takes nothing, in the middle of a plan: what was accepted is done, once.</summary>
public sealed class BrokerFaultTests(DistributedHub fixture) : IClassFixture<DistributedHub>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_broker_that_restarts_or_closes_all_connections_in_the_middle_of_a_plan_changes_nothing(bool restarts)
    {
        var (shop, names) = await Running();
        var id = await shop.Submit(new { imageTag = "v2" });
        await shop.InPhase(id, 0, "verifying");

        if (restarts)
        {
            await fixture.Broker.Kill();
            await fixture.Broker.StartAgain();
        }
        else
        {
            await fixture.Broker.Ctl("close_all_connections", "a network that was cut");
        }

        await CompletedOnce(shop, id);
        await AllOf(shop, id, names);
    }

    [Fact]
    public async Task A_broker_whose_disk_is_full_loses_nothing_and_what_was_accepted_goes_on_when_it_has_room()
    {
        var (shop, names) = await Running();
        var id = await shop.Submit(new { imageTag = "v2" });
        await shop.InPhase(id, 0, "verifying");

        await fixture.Broker.Ctl("set_disk_free_limit", "1000000GB");
        try
        {
            // Accepted, and kept in the outbox.
            var second = await shop.Submit(new { imageTag = "v1" });
            Assert.Equal(200, (await shop.Hub.Api.Get("/health/ready")).Status);
            var status = await Eventually.Value(
                async () => (await shop.Hub.Api.Get("/api/status")).Json!["status"]!["broker"]!, broker => (string)broker["status"]! == "degraded", TimeSpan.FromSeconds(60));
            Assert.Contains("blocked for want of disk or memory", (string)status["message"]!, StringComparison.Ordinal);
            Assert.Equal("pending", (string)(await shop.Plan(second))["status"]!);

            // Nothing of it is counted against the messages.
            Assert.Equal("0", (await fixture.Database.Query(DistributedHub.DatabaseName, "SELECT count(*) FROM outbox_messages WHERE attempts > 0")).Trim());
            await fixture.Broker.Ctl("set_disk_free_limit", "50MB");

            // By the time that the first is seen to have ended the second may have replaced something.
            await CompletedOnce(shop, id);
            await CompletedOnce(shop, second);
            await AllOf(shop, second, names);
            await Eventually.Equal("healthy", async () => (string)(await shop.Hub.Api.Get("/api/status")).Json!["status"]!["broker"]!["status"]!);
        }
        finally
        {
            await fixture.Broker.Ctl("set_disk_free_limit", "50MB");
        }
    }

    private async Task<(Shop Shop, string[] Names)> Running()
    {
        var hub = await fixture.Hub();
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(hub, engine, registry: registry);
        var gate = new { minHealthySeconds = 2 };
        string[] names = [await shop.AddService("one", health: gate), await shop.AddService("two", health: gate)];
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v1", maxParallel = 2 }))["status"]!);
        return (shop, names);
    }

    private static async Task CompletedOnce(Shop shop, string id)
    {
        var plan = await shop.End(id);
        Assert.Equal("completed", (string)plan["status"]!);
        Assert.All(plan["steps"]!.AsArray(), step => Assert.Equal(("success", 1), ((string)step!["status"]!, (int)step["attempts"]!)));
    }

    // What runs was made by this plan, and nothing else is there.
    private async Task AllOf(Shop shop, string id, string[] names)
    {
        var (engine, _) = await fixture.Servers();
        await Eventually.Equal(string.Join(' ', names.Order().Select(name => $"{name}=running")), () => shop.Containers(engine));
        foreach (var name in names)
        {
            Assert.Equal(id, (await engine.Docker("inspect", "-f", "{{index .Config.Labels \"deployhub.plan\"}}", name)).Trim());
        }
    }
}
