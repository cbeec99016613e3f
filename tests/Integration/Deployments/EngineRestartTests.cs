using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>An engine that dies in the middle of a step and comes up again: one container serves at the end, never two.</summary>
public sealed class EngineRestartTests(StandaloneHub fixture) : IClassFixture<StandaloneHub>
{
    [Theory]
    [InlineData("no")]
    [InlineData("on-failure")]
    [InlineData("always")]
    [InlineData("unless-stopped")]
    public async Task An_engine_killed_while_the_new_container_is_verified_ends_with_one_container_serving(string policy)
    {
        await using var engine = await DockerEngine.Start();
        var (_, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api", new { restartPolicy = policy }, new { minHealthySeconds = 4 });
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        var v2 = await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        await shop.Deploy(new { imageTag = "v1" });
        var id = await shop.Submit(new { imageTag = "v2" });
        await Eventually.Value(() => shop.Plan(id), plan => (string?)plan["steps"]![0]!["phase"] == "verifying");

        await engine.Kill();
        await engine.Restart();
        var plan = await shop.End(id);

        Assert.Equal("completed", (string)plan["status"]!);
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
        Assert.Equal(v2.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
        Assert.Equal(policy, (await engine.Docker("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}}", name)).Trim());
    }

    [Fact]
    public async Task An_engine_killed_while_the_old_container_stops_ends_with_one_container_serving()
    {
        await using var engine = await DockerEngine.Start();
        var (_, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);

        // It ignores the stop signal, so that the stop takes its whole grace.
        var stubborn = TestImage.Serving("v1") with { StopSignal = "SIGTERM" };
        var name = await shop.AddService("api", new { restartPolicy = "always", stopGraceSeconds = 20 });
        await registry.Push(stubborn, shop.Repository, "v1");
        var v2 = await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        await shop.Deploy(new { imageTag = "v1" });
        var id = await shop.Submit(new { imageTag = "v2" });
        await Eventually.Value(() => shop.Plan(id), plan => (string?)plan["steps"]![0]!["phase"] == "replacing");

        await engine.Kill();
        await engine.Restart();
        var plan = await shop.End(id);

        Assert.Equal("completed", (string)plan["status"]!);
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
        Assert.Equal(v2.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
    }
}
