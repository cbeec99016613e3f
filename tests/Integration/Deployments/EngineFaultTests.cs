using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>An engine is killed or hangs in the middle of a call: the step goes on when it is back, or ends truthfully; other servers are not held up.</summary>
public sealed class EngineFaultTests(StandaloneHub fixture) : IClassFixture<StandaloneHub>
{
    [Theory]
    [InlineData("/distribution/", false)]
    [InlineData("/containers/create", false)]
    [InlineData("/containers/create", true)]
    [InlineData("/start", false)]
    [InlineData("/start", true)]
    public async Task An_engine_killed_in_the_middle_of_a_call_ends_with_one_container_serving(string call, bool done)
    {
        await using var engine = await DockerEngine.Start();
        using var line = HeldLine.To(engine);
        var (shop, name, _) = await Running(engine, line);
        var before = await Shop.ContainerId(engine, name);
        (line.AnswerBytes, line.Hold) = (done ? 0 : null, call);
        var id = await shop.Submit(new { imageTag = "v2" });
        await line.Holds();

        await engine.Kill();
        line.Cut();
        await engine.Restart();
        var plan = await shop.End(id);

        Assert.Equal("completed", (string)plan["status"]!);
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
        Assert.NotEqual(before, await Shop.ContainerId(engine, name));
        Assert.Equal(await Image(plan, engine), (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
    }

    [Fact]
    public async Task An_engine_killed_in_the_middle_of_a_pull_goes_on_with_it()
    {
        await using var engine = await DockerEngine.Start();
        var (_, registry) = await fixture.Servers();
        using var line = HeldLine.To(registry);
        var (shop, name, _) = await Running(engine, registryHost: line.Host);
        (line.AnswerBytes, line.Hold) = (4096, "/blobs/");
        var id = await shop.Submit(new { imageTag = "v2" });
        await line.Holds();

        await engine.Kill();
        line.Cut();
        await engine.Restart();
        var plan = await shop.End(id);

        Assert.Equal("completed", (string)plan["status"]!);
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
        Assert.Equal(await Image(plan, engine), (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
    }

    [Fact]
    public async Task An_engine_that_hangs_for_a_while_is_waited_for()
    {
        await using var engine = await DockerEngine.Start();
        var (shop, name, _) = await Running(engine, health: new { minHealthySeconds = 2 });
        var id = await shop.Submit(new { imageTag = "v2" });
        await shop.InPhase(id, 0, "verifying");

        engine.Pause();
        var (other, second) = await AnotherServer();
        Assert.Equal("completed", (string)(await other.Deploy(new { imageTag = "v2" }))["status"]!);
        engine.Resume();
        var plan = await shop.End(id);

        Assert.Equal("completed", (string)plan["status"]!);
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
        var (engine2, _) = await fixture.Servers();
        await Eventually.Equal($"{second}=running", () => other.Containers(engine2));
    }

    [Fact]
    public async Task Engines_that_stay_away_end_their_steps_by_name_and_the_other_servers_is_taken_back()
    {
        await using var killed = await DockerEngine.Start();
        await using var hanging = await DockerEngine.Start();
        using var toKilled = HeldLine.To(killed);
        using var toHanging = HeldLine.To(hanging);
        var (healthy, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), healthy, registry: registry);
        var name = await shop.AddService(
            "api", servers: [shop.ServerId, await shop.AddServer("web-2", $"tcp://{toKilled.Host}"), await shop.AddServer("web-3", $"tcp://{toHanging.Host}")]);
        await Push(registry, shop);
        await shop.Deploy(new { imageTag = "v1", maxParallel = 3 });
        var before = await Ids();
        toKilled.Hold = toHanging.Hold = "/containers/create";
        var id = await shop.Submit(new { imageTag = "v2", maxParallel = 3 });
        await Task.WhenAll(toKilled.Holds(), toHanging.Holds());

        await killed.Kill();
        hanging.Pause();
        toKilled.Cut();
        toHanging.Cut();
        var plan = await shop.End(id);

        Assert.Equal("rolled_back", (string)plan["status"]!);
        Assert.Equal(["rolled_back", "failed", "failed"], plan["steps"]!.AsArray().Select(x => (string)x!["status"]!));
        foreach (var (step, server, line) in new[] { (1, "web-2", toKilled), (2, "web-3", toHanging) })
        {
            var error = plan["steps"]![step]!["error"]!;
            Assert.Equal("ENGINE_UNREACHABLE", (string)error["code"]!);
            Assert.StartsWith($"The Docker Engine of server «{server}» did not answer.", (string)error["message"]!, StringComparison.Ordinal);
            Assert.EndsWith("Check that it runs and that its endpoint is right.", (string)error["message"]!, StringComparison.Ordinal);
            Assert.Contains($"Docker engine tcp://{line.Host} does not answer", shop.Hub.WholeLog(), StringComparison.Ordinal);
        }

        var status = (await shop.Hub.Api.Get("/api/status")).Json!["status"]!["engines"]!.AsArray().Where(x => (string)x!["environmentId"]! == shop.EnvironmentId);
        Assert.Equal(["web-1 reachable", "web-2 unreachable", "web-3 unreachable"], status.Select(x => $"{x!["serverName"]} {x["status"]}"));

        // When they are back they are found, and nothing on them has changed.
        hanging.Resume();
        await killed.Restart();
        await Eventually.Equal(before, Ids);
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v2", maxParallel = 3 }))["status"]!);

        async Task<string> Ids() => string.Join(' ', await Task.WhenAll(new[] { healthy, killed, hanging }.Select(engine => Shop.ContainerId(engine, name))));
    }

    [Fact]
    public async Task A_cancel_does_not_wait_for_an_engine_that_is_away()
    {
        await using var engine = await DockerEngine.Start();
        using var line = HeldLine.To(engine);
        var (shop, name, before) = await Running(engine, line);
        line.Hold = "/containers/create";
        var id = await shop.Submit(new { imageTag = "v2" });
        await line.Holds();
        await engine.Kill();
        line.Cut();

        Assert.Equal(202, (await shop.Ask(id, "cancel", new { rollback = true })).Status);
        var plan = await shop.End(id);

        Assert.Equal(("cancelled", "skipped"), ((string)plan["status"]!, (string)plan["steps"]![0]!["status"]!));
        Assert.Contains($"«{name}.new-", (string)plan["steps"]![0]!["cleanupMessage"]!, StringComparison.Ordinal);
        await engine.Restart();
        Assert.Equal(before, await Shop.ContainerId(engine, name));
    }

    private static async Task Push(Registry registry, Shop shop)
    {
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
    }

    private static async Task<string> Image(JsonNode plan, DockerEngine engine) =>
        (await engine.Docker("image", "inspect", "-f", "{{.Id}}", $"{plan["imageName"]}@{plan["imageDigest"]}")).Trim();

    private async Task<(Shop Shop, string Name)> AnotherServer()
    {
        var (engine, _) = await fixture.Servers();
        var (shop, name, _) = await Running(engine);
        return (shop, name);
    }

    /// <summary>A service that runs v1, with v2 pushed.</summary>
    private async Task<(Shop Shop, string Name, string Id)> Running(DockerEngine engine, HeldLine? line = null, string? registryHost = null, object? health = null)
    {
        var (_, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        if (registryHost is not null)
        {
            await shop.UseImage($"{registryHost}/{shop.Repository}");
        }

        var server = line is null ? shop.ServerId : await shop.AddServer("web-2", $"tcp://{line.Host}");
        var name = await shop.AddService("api", health: health, servers: server);
        await Push(registry, shop);
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v1" }))["status"]!);
        return (shop, name, await Shop.ContainerId(engine, name));
    }
}
