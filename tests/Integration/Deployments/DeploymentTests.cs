using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>The main job, the same in both shapes: REST in, real containers out.</summary>
public abstract class DeploymentTests(HubFixture fixture)
{
    [Fact]
    public async Task A_deploy_by_tag_replaces_the_container_and_leaves_nothing_over()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api");
        var v1 = await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        var v2 = await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");

        var first = await shop.Deploy(new { imageTag = "v1" });
        var second = await shop.Deploy(new { imageTag = "v2" });

        Assert.Equal("completed", (string)first["status"]!);
        Assert.Null((string?)first["steps"]![0]!["fromDigest"]);
        Assert.Equal("completed", (string)second["status"]!);
        Assert.Equal(v2.Digest, (string)second["imageDigest"]!);
        Assert.Equal(v1.Digest, (string)second["steps"]![0]!["fromDigest"]!);
        Assert.Equal(v2.Digest, (string)second["steps"]![0]!["toDigest"]!);
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
        Assert.Equal(v2.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
    }

    [Fact]
    public async Task A_deploy_by_digest_runs_exactly_that_digest()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api");
        var v1 = await registry.Push(TestImage.Serving("v1"), shop.Repository, "latest");
        await registry.Push(TestImage.Serving("v2"), shop.Repository, "latest");

        var unknown = await shop.Hub.Api.Post($"/api/container-images/{shop.ImageId}/deploy", new { imageDigestId = v1.Digest });
        var recorded = await shop.Hub.Api.Create($"/api/container-images/{shop.ImageId}/digests", new { manifestDigest = v1.Digest });
        var plan = await shop.Deploy(new { imageDigestId = v1.Digest });

        Assert.Equal(404, unknown.Status);
        Assert.Equal("completed", (string)plan["status"]!);
        Assert.Equal(v1.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageDigestId = (string)recorded["id"]! }))["status"]!);
    }

    [Fact]
    public async Task A_failing_health_check_brings_back_the_very_containers_that_ran()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        string[] names = [await shop.AddService("one"), await shop.AddService("two", new { env = new { BROKEN = "1" } }), await shop.AddService("three")];
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(FailsWhereBroken("v2"), shop.Repository, "v2");
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v1" }))["status"]!);
        var before = await Task.WhenAll(names.Select(name => Shop.ContainerId(engine, name)));

        var plan = await shop.Deploy(new { imageTag = "v2" });

        Assert.Equal("rolled_back", (string)plan["status"]!);
        Assert.Equal(["rolled_back", "failed", "skipped"], plan["steps"]!.AsArray().Select(x => (string)x!["status"]!));
        Assert.Equal([true, true, false], plan["steps"]!.AsArray().Select(x => (bool)x!["restored"]!));
        Assert.Equal("UNHEALTHY", (string)plan["error"]!["code"]!);
        Assert.Contains("broken by its setting", (string)plan["steps"]![1]!["error"]!["health"]!, StringComparison.Ordinal);
        Assert.Equal(before, await Task.WhenAll(names.Select(name => Shop.ContainerId(engine, name))));
        Assert.Equal(string.Join(' ', names.Order().Select(name => $"{name}=running")), await shop.Containers(engine));
        Assert.All(await Task.WhenAll(names.Select(name => engine.Docker("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}}", name))),
            policy => Assert.Equal("unless-stopped", policy.Trim()));
    }

    [Fact]
    public async Task A_tag_that_moved_does_not_change_what_a_rollback_brings_back()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api", new { env = new { COLOUR = "green" }, labels = new { team = "shop" } });
        var v1 = await registry.Push(TestImage.Serving("v1"), shop.Repository, "live");
        await shop.Deploy(new { imageTag = "live" });
        var before = await Shop.ContainerId(engine, name);
        await registry.Push(TestImage.Serving("v2"), shop.Repository, "live");
        var second = await shop.Deploy(new { imageTag = "live" });
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
        await registry.Push(TestImage.Serving("v3"), shop.Repository, "live");

        var plan = await shop.Rollback((string)second["id"]!);

        Assert.Equal("rolled_back", (string)plan["status"]!);
        Assert.Equal(v1.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
        Assert.Equal("green shop", (await engine.Docker("inspect", "-f", "{{range .Config.Env}}{{if eq . \"COLOUR=green\"}}green{{end}}{{end}} {{index .Config.Labels \"team\"}}", name)).Trim());

        // The former container was removed when its successor was proven: this one is made again from its inspection, and says so.
        Assert.NotEqual(before, await Shop.ContainerId(engine, name));
        Assert.True((bool)plan["steps"]![0]!["recreated"]!);
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
    }

    [Fact]
    public async Task Plans_are_taken_back_one_after_another_to_the_very_first()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api");
        var v1 = await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        await registry.Push(TestImage.Serving("v3").Unhealthy(), shop.Repository, "v3");
        var first = await shop.Deploy(new { imageTag = "v1" });
        var second = await shop.Deploy(new { imageTag = "v2" });
        Assert.Equal("rolled_back", (string)(await shop.Deploy(new { imageTag = "v3" }))["status"]!);
        var tooEarly = await shop.Hub.Api.Post($"/api/deployment-plans/{(string)first["id"]!}/rollback");

        Assert.Equal((409, "CONFLICT"), (tooEarly.Status, (string)tooEarly.Json!["code"]!));
        Assert.Equal("rolled_back", (string)(await shop.Rollback((string)second["id"]!))["status"]!);
        Assert.Equal(v1.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
        Assert.Equal("rolled_back", (string)(await shop.Rollback((string)first["id"]!))["status"]!);
        Assert.Equal("", await shop.Containers(engine));
    }

    [Fact]
    public async Task Without_rollback_both_containers_stay_until_the_plan_is_taken_back()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api");
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2").Unhealthy(), shop.Repository, "v2");
        await shop.Deploy(new { imageTag = "v1" });
        var before = await Shop.ContainerId(engine, name);

        var failed = await shop.Deploy(new { imageTag = "v2", autoRollback = false });

        Assert.Equal("failed", (string)failed["status"]!);
        Assert.Matches($"^{name}\\.old-[0-9a-f]+=exited {name}=running$", await shop.Containers(engine));
        var back = await shop.Rollback((string)failed["id"]!);
        Assert.Equal("rolled_back", (string)back["status"]!);
        Assert.Equal(before, await Shop.ContainerId(engine, name));
        Assert.Equal($"{name}=running", await shop.Containers(engine));
    }

    [Fact]
    public async Task The_next_plan_after_a_kept_failure_goes_back_to_the_container_that_was_proven()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api");
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2").Unhealthy(), shop.Repository, "v2");
        await registry.Push(TestImage.Serving("v3").Unhealthy(), shop.Repository, "v3");
        await registry.Push(TestImage.Serving("v4"), shop.Repository, "v4");
        await shop.Deploy(new { imageTag = "v1" });
        var proven = await Shop.ContainerId(engine, name);
        await shop.Deploy(new { imageTag = "v2", autoRollback = false });

        var third = await shop.Deploy(new { imageTag = "v3" });

        Assert.Equal("rolled_back", (string)third["status"]!);
        Assert.Equal(proven, await Shop.ContainerId(engine, name));
        Assert.Equal($"{name}=running", await shop.Containers(engine));
        await shop.Deploy(new { imageTag = "v2", autoRollback = false });
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v4" }))["status"]!);
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
    }

    [Fact]
    public async Task Plans_of_one_container_run_one_after_another_in_the_order_of_their_arrival()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api", health: new { minHealthySeconds = 2 });
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        var last = await registry.Push(TestImage.Serving("v3"), shop.Repository, "v3");
        string[] ids = [await shop.Submit(new { imageTag = "v1" }), await shop.Submit(new { imageTag = "v2" }), await shop.Submit(new { imageTag = "v3" })];

        await Eventually.Value(() => shop.Plan(ids[2]), plan => (string)plan["status"]! == "queued");
        var plans = new[] { await shop.End(ids[0]), await shop.End(ids[1]), await shop.End(ids[2]) };

        Assert.All(plans, plan => Assert.Equal("completed", (string)plan["status"]!));
        Assert.Equal(plans.Select(x => (string)x["startedAt"]!).Order(), plans.Select(x => (string)x["startedAt"]!));
        Assert.Equal(last.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
    }

    [Fact]
    public async Task Many_services_are_deployed_as_many_at_once_as_asked_for()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var names = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            names.Add(await shop.AddService($"svc{i}", health: new { minHealthySeconds = 2 }));
        }

        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        var id = await shop.Submit(new { imageTag = "v1", maxParallel = 6 });

        var plan = await shop.End(id);
        Assert.Equal("completed", (string)plan["status"]!);

        // The last one began before the first one had ended: all of them were under way at one time, however slow the machine was.
        var steps = plan["steps"]!.AsArray();
        Assert.True(steps.Max(x => (DateTime)x!["startedAt"]!) < steps.Min(x => (DateTime)x!["completedAt"]!), plan.ToString());
        Assert.Equal(string.Join(' ', names.Order().Select(name => $"{name}=running")), await shop.Containers(engine));
    }

    private static TestImage FailsWhereBroken(string text) => TestImage.Serving(text) with
    {
        Health = new HealthCheck(
            ["/bin/busybox", "sh", "-c", "[ -z \"$BROKEN\" ] || { echo broken by its setting; exit 1; }"], TimeSpan.FromSeconds(1), Retries: 1),
    };
}

public sealed class StandaloneDeploymentTests(StandaloneHub fixture) : DeploymentTests(fixture), IClassFixture<StandaloneHub>;

public sealed class DistributedDeploymentTests(DistributedHub fixture) : DeploymentTests(fixture), IClassFixture<DistributedHub>;
