using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>What stands on an engine after something was cut off half-way, and that a plan gets past it.</summary>
public sealed class HalfDoneTests(StandaloneHub fixture) : IClassFixture<StandaloneHub>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_container_that_its_engine_never_starts_again_is_made_again(bool former, bool hasAFolderAlone)
    {
        await using var engine = await DockerEngine.Start();
        var (_, registry) = await fixture.Servers();
        using var proxy = new EngineProxy(engine.Uri);
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api", servers: await shop.AddServer("web-2", proxy.Endpoint));
        var v1 = await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        var v2 = await registry.Push(former ? TestImage.Serving("v2").Unhealthy() : TestImage.Serving("v2"), shop.Repository, "v2");
        await shop.Deploy(new { imageTag = "v1" });
        var before = await Shop.ContainerId(engine, name);
        string? cutOff = null;
        proxy.Decide = line =>
        {
            if (cutOff is null && line.Contains("/start", StringComparison.Ordinal) && line.Contains(before, StringComparison.Ordinal) == former)
            {
                cutOff = line.Split('/').Single(part => part.Length == 64);
                return Fate.Held;
            }

            return Fate.Pass;
        };

        var id = await shop.Submit(new { imageTag = "v2" });
        await proxy.Holding.WaitAsync(Patience, TestContext.Current.CancellationToken);
        if (hasAFolderAlone)
        {
            engine.MakeTaskFolder(cutOff!);
            proxy.Release();
        }
        else
        {
            await engine.KillInStart(cutOff!, proxy.Release);
            await engine.Restart();
        }

        var plan = await shop.End(id);

        Assert.True((string)plan["status"]! == (former ? "rolled_back" : "completed"), plan.ToJsonString());
        Assert.Equal(former, (bool?)plan["steps"]![0]!["recreated"] ?? false);
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
        Assert.NotEqual(cutOff, await Shop.ContainerId(engine, name));
        Assert.Equal((former ? v1 : v2).ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
    }

    [Fact]
    public async Task A_former_container_that_was_kept_because_the_new_one_ended_is_removed_by_the_next_plan()
    {
        await using var engine = await DockerEngine.Start();
        var (_, registry) = await fixture.Servers();
        using var proxy = new EngineProxy(engine.Uri);
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api", new { restartPolicy = "no" }, servers: await shop.AddServer("web-2", proxy.Endpoint));
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        await registry.Push(TestImage.Serving("v3"), shop.Repository, "v3");
        await shop.Deploy(new { imageTag = "v1" });
        var former = await Shop.ContainerId(engine, name);

        // Nobody looks at the former one any more once the new one is started, but for who is to remove it.
        var started = false;
        proxy.Decide = line =>
        {
            started |= line.Contains("/start", StringComparison.Ordinal);
            return started && line.StartsWith("GET", StringComparison.Ordinal) && line.Contains(former, StringComparison.Ordinal) ? Fate.Held : Fate.Pass;
        };
        var second = await shop.Submit(new { imageTag = "v2" });
        await proxy.Holding.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await engine.Docker("kill", name);
        proxy.Release();
        var kept = await Eventually.Value(() => shop.Plan(second), plan => plan["steps"]![0]!["cleanupMessage"] is not null, Patience);
        Assert.Equal("completed", (string)kept["status"]!);
        Assert.Contains("does not run any more", (string)kept["steps"]![0]!["cleanupMessage"]!, StringComparison.Ordinal);
        Assert.Contains($"{name}.old-", await shop.Containers(engine), StringComparison.Ordinal);

        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v3" }))["status"]!);

        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
    }

    [Fact]
    public async Task A_step_that_is_taken_back_before_it_cleared_what_an_earlier_plan_kept_finds_its_way_past_it()
    {
        await using var engine = await DockerEngine.Start();
        var (_, registry) = await fixture.Servers();
        using var proxy = new EngineProxy(engine.Uri);
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api", servers: await shop.AddServer("web-2", proxy.Endpoint));
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2").Unhealthy(), shop.Repository, "v2");
        await registry.Push(TestImage.Serving("v3"), shop.Repository, "v3");
        await shop.Deploy(new { imageTag = "v1" });
        var proven = await Shop.ContainerId(engine, name);
        Assert.Equal("failed", (string)(await shop.Deploy(new { imageTag = "v2", autoRollback = false }))["status"]!);
        var kept = await Shop.ContainerId(engine, name);

        // From the moment that the step has recorded what it will change, it gets no further.
        var unreachable = true;
        proxy.Decide = line => unreachable && line.Contains(kept, StringComparison.Ordinal) ? Fate.LostBefore : Fate.Pass;
        var id = await shop.Submit(new { imageTag = "v3" });
        await shop.InPhase(id, 0, "replacing");
        Assert.Equal(202, (await shop.Ask(id, "cancel", new { rollback = true })).Status);
        await Eventually.Value(() => shop.Plan(id), x => (string)x["status"]! == "rolling_back", Patience);
        unreachable = false;
        var plan = await shop.End(id);

        Assert.Equal("rolled_back", (string)plan["status"]!);
        Assert.Equal(proven, await Shop.ContainerId(engine, name));
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
    }
}
