using System.Net;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>A process, the broker or the database goes away in the middle; the plan ends all the same, and truthfully.</summary>
public sealed class CrashTests
{
    [Theory]
    [InlineData("pending")]
    [InlineData("replacing")]
    [InlineData("verifying")]
    [InlineData("restoring")]
    public async Task A_standalone_server_that_was_killed_goes_on_where_it_was(string at)
    {
        await using var engine = await DockerEngine.Start();
        await using var registry = await Registry.Start();
        await using var hub = await RunningHub.Standalone();
        var shop = await Shop.Open(hub, engine, registry: registry);

        // Neither image heeds the stop signal, so that replacing and restoring take their grace, and can be hit.
        var slow = new { stopGraceSeconds = 3 };
        string[] names = [await shop.AddService("one", slow, new { minHealthySeconds = 3 }), await shop.AddService("two", slow, new { minHealthySeconds = 3 })];
        await registry.Push(TestImage.Serving("v1") with { StopSignal = "SIGTERM" }, shop.Repository, "v1");
        var next = TestImage.Serving("v2") with { StopSignal = "SIGTERM" };
        await registry.Push(at == "restoring" ? next.Unhealthy() : next, shop.Repository, "v2");
        await shop.Deploy(new { imageTag = "v1", maxParallel = 2 });
        string[] before = [await Shop.ContainerId(engine, names[0]), await Shop.ContainerId(engine, names[1])];
        var id = await shop.Submit(new { imageTag = "v2" });
        await Eventually.Value(() => shop.Plan(id), plan => at == "pending" || (string?)plan["steps"]![0]!["phase"] == at);

        await hub.Server.Kill();
        await hub.Start();
        var plan = await shop.End(id);

        Assert.Equal(at == "restoring" ? "rolled_back" : "completed", (string)plan["status"]!);
        await Eventually.Equal(string.Join(' ', names.Order().Select(name => $"{name}=running")), () => shop.Containers(engine));
        string[] after = [await Shop.ContainerId(engine, names[0]), await Shop.ContainerId(engine, names[1])];
        Assert.Equal(at == "restoring", before.SequenceEqual(after));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancel_is_kept_when_everything_is_killed_just_after_it(bool distributed)
    {
        await using var engine = await DockerEngine.Start();
        await using var registry = await Registry.Start();
        await using var database = distributed ? await Postgres.Start() : null;
        await using var broker = distributed ? await RabbitMq.Start() : null;
        await using var hub = distributed
            ? await RunningHub.Distributed(await database!.CreateDatabase("deployhub"), broker!.Uri, workers: 2)
            : await RunningHub.Standalone();
        var shop = await Shop.Open(hub, engine, registry: registry);
        string[] names = [await shop.AddService("one"), await shop.AddService("two"), await shop.AddService("three")];
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2") with
        {
            Health = new HealthCheck(["/bin/busybox", "sleep", "300"], TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(300)),
        }, shop.Repository, "v2");
        await shop.Deploy(new { imageTag = "v1", maxParallel = 3 });
        var id = await shop.Submit(new { imageTag = "v2", maxParallel = 2 });
        await shop.InPhase(id, 0, "verifying");
        await shop.InPhase(id, 1, "verifying");
        var waiting = await shop.Submit(new { imageTag = "v1" });

        Assert.Equal(202, (await shop.Ask(id, "cancel", new { rollback = true })).Status);
        await Task.WhenAll(hub.Workers.Append(hub.Server).Select(process => process.Kill()));
        await hub.Start();
        var plan = await shop.End(id);

        Assert.Equal(("rolled_back", "admin"), ((string)plan["status"]!, (string)plan["cancelledBy"]!));
        Assert.Equal(["rolled_back", "rolled_back", "skipped"], plan["steps"]!.AsArray().Select(x => (string)x!["status"]!));

        // What waited for it has its turn, although whoever held the containers died.
        Assert.Equal("completed", (string)(await shop.End(waiting))["status"]!);
        await Eventually.Equal(string.Join(' ', names.Order().Select(name => $"{name}=running")), () => shop.Containers(engine));
    }

    [Fact]
    public async Task A_killed_workers_step_is_taken_over_and_a_broker_that_is_down_loses_nothing()
    {
        await using var engine = await DockerEngine.Start();
        await using var registry = await Registry.Start();
        await using var database = await Postgres.Start();
        await using var broker = await RabbitMq.Start();
        await using var hub = await RunningHub.Distributed(await database.CreateDatabase("deployhub"), broker.Uri, workers: 2);
        var shop = await Shop.Open(hub, engine, registry: registry);
        var name = await shop.AddService("api", health: new { minHealthySeconds = 5 });
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        var v2 = await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        var v3 = await registry.Push(TestImage.Serving("v3"), shop.Repository, "v3");
        await shop.Deploy(new { imageTag = "v1" });

        var second = await shop.Submit(new { imageTag = "v2" });
        await Eventually.Value(() => shop.Plan(second), plan => (string?)plan["steps"]![0]!["phase"] == "verifying");
        await Task.WhenAll(hub.Workers.Select(worker => worker.Kill()));
        await hub.Start();
        Assert.Equal("completed", (string)(await shop.End(second))["status"]!);
        Assert.Equal(v2.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());

        await broker.Stop();
        var third = await shop.Submit(new { imageTag = "v3" });
        await broker.StartAgain();
        Assert.Equal("completed", (string)(await shop.End(third))["status"]!);
        Assert.Equal(v3.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));

        await database.Stop();
        var refused = await hub.Api.Post($"/api/container-images/{shop.ImageId}/deploy", new { imageTag = "v3" });
        Assert.Equal(((int)HttpStatusCode.ServiceUnavailable, "SERVICE_UNAVAILABLE"), (refused.Status, (string)refused.Json!["code"]!));
        Assert.True(refused.Headers.ContainsKey("Retry-After"));
        Assert.Equal(503, (await hub.Api.Get("/health/ready")).Status);
        Assert.Equal(200, (await hub.Api.Get("/health")).Status);
        await database.StartAgain();
        await Eventually.Equal(200, async () => (await hub.Api.Get("/health/ready")).Status);
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v3" }))["status"]!);
    }
}
