using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>The database goes away, or takes no writes, in the middle of a plan: nothing is accepted meanwhile, and what was accepted goes on.</summary>
public sealed class DatabaseFaultTests(DistributedHub fixture) : IClassFixture<DistributedHub>
{
    [Theory]
    [InlineData("killed and started again")]
    [InlineData("every connection cut")]
    public async Task A_database_that_is_away_for_a_moment_in_the_middle_of_a_plan_loses_nothing(string fault)
    {
        var (shop, names) = await Running();
        var id = await shop.Submit(new { imageTag = "v2" });
        await shop.InPhase(id, 0, "verifying");

        if (fault == "every connection cut")
        {
            await Sql($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{DistributedHub.DatabaseName}' AND pid <> pg_backend_pid()");
        }
        else
        {
            await fixture.Database.Kill();
            await fixture.Database.StartAgain();
        }

        await Completed(shop, id, names);
    }

    [Fact]
    public async Task A_database_that_takes_no_writes_refuses_submits_with_503_and_steps_in_flight_go_on_afterwards()
    {
        var (shop, names) = await Running();
        var id = await shop.Submit(new { imageTag = "v2" });
        await shop.InPhase(id, 0, "verifying");

        await ReadOnly("on");
        try
        {
            var refused = await Eventually.Value(
                () => shop.Hub.Api.Post($"/api/container-images/{shop.ImageId}/deploy", new { imageTag = "v1" }), answer => answer.Status != 202);
            Assert.True(refused.Status == 503, $"{refused.Status} {refused.Text}");
            Assert.Equal("SERVICE_UNAVAILABLE", (string)refused.Json!["code"]!);
            Assert.Equal("5", refused.Headers["Retry-After"]);

            // What there is can be read; whoever balances the load is told to send elsewhere.
            Assert.Equal("running", (string)(await shop.Plan(id))["status"]!);
            Assert.Equal(503, (await shop.Hub.Api.Get("/health/ready")).Status);
            Assert.Equal(200, (await shop.Hub.Api.Get("/health")).Status);
        }
        finally
        {
            await ReadOnly("off");
        }

        await Completed(shop, id, names);
        Assert.Equal(200, (await shop.Hub.Api.Get("/health/ready")).Status);
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v1" }))["status"]!);
    }

    [Fact]
    public async Task The_calendar_is_one_for_all_workers_and_each_takes_part()
    {
        await fixture.Hub();

        await Eventually.Equal("2 1", async () => $"{await Count("qrtz_scheduler_state")} {await Count("qrtz_triggers")}", TimeSpan.FromSeconds(60));

        async Task<string> Count(string table) => (await Sql($"SELECT count(*) FROM {table}")).Trim();
    }

    private Task<string> Sql(string sql) => fixture.Database.Query(DistributedHub.DatabaseName, sql);

    // As a standby is, or a primary that is being demoted.
    private async Task ReadOnly(string value)
    {
        await fixture.Database.Query("postgres", $"ALTER SYSTEM SET default_transaction_read_only = {value}");
        await fixture.Database.Query("postgres", "SELECT pg_reload_conf()");
        await Eventually.Equal(value, () => Sql("SHOW default_transaction_read_only"));
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

    private async Task Completed(Shop shop, string id, string[] names)
    {
        var plan = await shop.End(id);
        var (engine, _) = await fixture.Servers();
        Assert.Equal("completed", (string)plan["status"]!);
        await Eventually.Equal(string.Join(' ', names.Order().Select(name => $"{name}=running")), () => shop.Containers(engine));
        foreach (var name in names)
        {
            Assert.Equal(id, (await engine.Docker("inspect", "-f", "{{index .Config.Labels \"deployhub.plan\"}}", name)).Trim());
        }
    }
}
