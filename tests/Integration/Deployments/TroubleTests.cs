using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>Everything that goes wrong has a code of its own and a sentence to act on; and the old container serves on, or again.</summary>
public sealed class TroubleTests(StandaloneHub fixture) : IClassFixture<StandaloneHub>
{
    [Fact]
    public async Task An_unknown_tag_fails_before_anything_is_touched()
    {
        var (shop, engine, name, id) = await Running();

        var plan = await shop.Deploy(new { imageTag = "v99" });

        await Untouched(plan, "IMAGE_NOT_FOUND", engine, name, id);
        Assert.Contains("v99", (string)plan["error"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_digest_fails_before_anything_is_touched()
    {
        var (shop, engine, name, id) = await Running();
        var digest = "sha256:" + new string('a', 64);
        await shop.Hub.Api.Create($"/api/container-images/{shop.ImageId}/digests", new { manifestDigest = digest });

        var plan = await shop.Deploy(new { imageDigestId = digest });

        await Untouched(plan, "IMAGE_NOT_FOUND", engine, name, id);
    }

    [Fact]
    public async Task A_tag_that_moved_away_from_the_digest_asked_for_fails_before_anything_is_touched()
    {
        var (shop, engine, name, id) = await Running();
        var (_, registry) = await fixture.Servers();
        var v2 = await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        await shop.Hub.Api.Create($"/api/container-images/{shop.ImageId}/digests", new { manifestDigest = v2.Digest });
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v2", imageDigestId = v2.Digest }))["status"]!);
        id = await Shop.ContainerId(engine, name);
        await registry.Push(TestImage.Serving("v3"), shop.Repository, "v2");

        var plan = await shop.Deploy(new { imageTag = "v2", imageDigestId = v2.Digest });

        await Untouched(plan, "TAG_MOVED", engine, name, id);
    }

    [Fact]
    public async Task A_registry_that_is_down_fails_before_anything_is_touched()
    {
        var (engine, _) = await fixture.Servers();
        await using var registry = await Registry.Start();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api");
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await shop.Deploy(new { imageTag = "v1" });
        var id = await Shop.ContainerId(engine, name);
        await registry.Stop();

        var plan = await shop.Deploy(new { imageTag = "v2" });

        await Untouched(plan, "REGISTRY_UNREACHABLE", engine, name, id);
    }

    [Fact]
    public async Task An_engine_that_is_down_fails_before_anything_is_touched_and_says_which()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var down = await shop.AddServer("web-2", $"tcp://127.0.0.1:{FreePorts.Next()}");
        var name = await shop.AddService("one");
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await shop.Deploy(new { imageTag = "v1" });
        var id = await Shop.ContainerId(engine, name);
        await shop.AddService("two", servers: down);

        var plan = await shop.Deploy(new { imageTag = "v1" });

        Assert.Equal("failed", (string)plan["status"]!);
        Assert.Equal("ENGINE_UNREACHABLE", (string)plan["error"]!["code"]!);
        Assert.Contains("«web-2»", (string)plan["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal(["skipped", "failed"], plan["steps"]!.AsArray().Select(x => (string)x!["status"]!));
        Assert.Equal(id, await Shop.ContainerId(engine, name));
    }

    [Fact]
    public async Task A_port_that_another_container_has_is_found_before_the_old_container_is_stopped()
    {
        var (shop, engine, name, id) = await Running();
        var port = FreePorts.Next();
        var blocker = $"{name}-blocker";
        await engine.Docker("run", "-d", "--name", blocker, "-p", $"127.0.0.1:{port}:8080", Image(await engine.Docker("inspect", "-f", "{{.Image}}", name)));
        await shop.AddService("second", new { ports = new[] { new { containerPort = 8080, hostPort = port } } });

        var plan = await shop.Deploy(new { imageTag = "v1" });

        await engine.Docker("rm", "-f", blocker);
        Assert.Equal("rolled_back", (string)plan["status"]!);
        Assert.Equal("PORT_TAKEN", (string)plan["steps"]![1]!["error"]!["code"]!);
        Assert.Contains(blocker, (string)plan["steps"]![1]!["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal(id, await Shop.ContainerId(engine, name));
        Assert.Equal($"{name}=running", await shop.Containers(engine));
    }

    [Fact]
    public async Task A_port_that_a_program_of_the_host_has_brings_the_old_container_back()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        var name = await shop.AddService("api");
        await shop.Deploy(new { imageTag = "v1" });
        var id = await Shop.ContainerId(engine, name);
        var service = (string)(await shop.Hub.Api.Get($"/api/environments/{shop.EnvironmentId}/services")).Json!["services"]![0]!["id"]!;
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Equal(200, (await shop.Hub.Api.Patch($"/api/services/{service}", new { container = new { ports = new[] { new { containerPort = 8080, hostPort = port, hostIp = "127.0.0.1" } } } })).Status);

        var plan = await shop.Deploy(new { imageTag = "v1" });

        await RolledBack(shop, plan, "PORT_TAKEN", engine, name, id);
    }

    [Fact]
    public async Task A_container_that_exits_at_once_is_rolled_back_with_its_exit_code_and_log()
    {
        var (shop, engine, name, id) = await Running(new { restartPolicy = "no" }, new { minHealthySeconds = 5 });
        var (_, registry) = await fixture.Servers();
        await registry.Push(TestImage.Exiting(7, "no configuration found"), shop.Repository, "v2");

        var plan = await shop.Deploy(new { imageTag = "v2" });

        await RolledBack(shop, plan, "CONTAINER_EXITED", engine, name, id);
        Assert.Equal(7, (int)plan["steps"]![0]!["error"]!["exitCode"]!);
        Assert.Contains("no configuration found", (string)plan["steps"]![0]!["error"]!["logTail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_crash_loop_fails_at_once_with_evidence()
    {
        var (shop, engine, name, id) = await Running(new { restartPolicy = "always" }, new { minHealthySeconds = 30 });
        var (_, registry) = await fixture.Servers();
        await registry.Push(TestImage.Exiting(3, "cannot reach the database", TimeSpan.FromMilliseconds(300)), shop.Repository, "v2");

        var plan = await shop.Deploy(new { imageTag = "v2" });

        await RolledBack(shop, plan, "CRASH_LOOP", engine, name, id);
        Assert.Contains("cannot reach the database", (string)plan["steps"]![0]!["error"]!["logTail"]!, StringComparison.Ordinal);
        Assert.Equal("always", (await engine.Docker("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}}", name)).Trim());
    }

    [Fact]
    public async Task An_image_without_a_program_is_refused_while_the_old_container_serves()
    {
        var (shop, engine, name, id) = await Running();
        var (_, registry) = await fixture.Servers();
        await registry.Push(TestImage.WithoutProgram("nothing in it"), shop.Repository, "v2");

        var plan = await shop.Deploy(new { imageTag = "v2" });

        await Untouched(plan, "NO_COMMAND", engine, name, id);
    }

    [Fact]
    public async Task A_program_that_is_not_in_the_image_brings_the_old_container_back()
    {
        var (shop, engine, name, id) = await Running();
        var (_, registry) = await fixture.Servers();
        await registry.Push(TestImage.Serving("v2") with { Command = ["/does/not/exist"] }, shop.Repository, "v2");

        var plan = await shop.Deploy(new { imageTag = "v2" });

        await RolledBack(shop, plan, "START_FAILED", engine, name, id);
    }

    [Fact]
    public async Task A_mount_whose_source_is_missing_is_refused_while_the_old_container_serves()
    {
        var (shop, engine, name, id) = await Running();
        var service = (string)(await shop.Hub.Api.Get($"/api/environments/{shop.EnvironmentId}/services")).Json!["services"]![0]!["id"]!;
        await shop.Hub.Api.Patch($"/api/services/{service}", new { container = new { volumes = new[] { new { source = "/does/not/exist", target = "/data" } } } });

        var plan = await shop.Deploy(new { imageTag = "v1" });

        await Untouched(plan, "CONTAINER_REFUSED", engine, name, id);
    }

    [Fact]
    public async Task A_probe_that_never_answers_brings_the_old_container_back()
    {
        var (shop, engine, name, id) = await Running();
        var service = (string)(await shop.Hub.Api.Get($"/api/environments/{shop.EnvironmentId}/services")).Json!["services"]![0]!["id"]!;
        var closed = FreePorts.Next();
        await shop.Hub.Api.Patch($"/api/services/{service}", new { health = new { probe = new { type = "tcp", port = closed }, intervalSeconds = 1, retries = 2, minHealthySeconds = 0 } });

        var plan = await shop.Deploy(new { imageTag = "v1" });

        // The same gate holds for the way back, and the probe still asks the closed port: that it cannot vouch for the old one is said.
        Assert.Equal("partially_rolled_back", (string)plan["status"]!);
        Assert.Equal("UNHEALTHY", (string)plan["error"]!["code"]!);
        Assert.Equal("rollback_failed", (string)plan["steps"]![0]!["status"]!);
        Assert.Contains(name, (string)plan["steps"]![0]!["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal(id, await Shop.ContainerId(engine, name));
    }

    [Fact]
    public async Task A_stranger_in_the_place_of_the_container_is_left_alone_and_named()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api");
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        var plan = await shop.Deploy(new { imageTag = "v1" });
        await engine.Docker("rm", "-f", name);
        await engine.Docker("run", "-d", "--name", name, Image((string)plan["imageName"]! + "@" + (string)plan["imageDigest"]!));
        var stranger = await Shop.ContainerId(engine, name);

        var back = await shop.Rollback((string)plan["id"]!);

        Assert.Equal("partially_rolled_back", (string)back["status"]!);
        Assert.Equal("CONTAINER_CHANGED", (string)back["steps"]![0]!["error"]!["code"]!);
        Assert.Equal(stranger, await Shop.ContainerId(engine, name));
        await engine.Docker("rm", "-f", name);
    }

    private static string Image(string text) => text.Trim();

    private async Task<(Shop Shop, DockerEngine Engine, string Name, string Id)> Running(object? container = null, object? health = null)
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var name = await shop.AddService("api", container, new { minHealthySeconds = 0 });
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v1" }))["status"]!);
        if (health is not null)
        {
            var service = (string)(await shop.Hub.Api.Get($"/api/environments/{shop.EnvironmentId}/services")).Json!["services"]![0]!["id"]!;
            Assert.Equal(200, (await shop.Hub.Api.Patch($"/api/services/{service}", new { health })).Status);
        }

        return (shop, engine, name, await Shop.ContainerId(engine, name));
    }

    private static async Task Untouched(JsonNode plan, string code, DockerEngine engine, string name, string id)
    {
        Assert.Equal((code, "failed"), ((string)plan["error"]!["code"]!, (string)plan["status"]!));
        Assert.Equal(("failed", code), ((string)plan["steps"]![0]!["status"]!, (string)plan["steps"]![0]!["error"]!["code"]!));
        Assert.Equal(id, await Shop.ContainerId(engine, name));
        Assert.Equal("true 0", (await engine.Docker("inspect", "-f", "{{.State.Running}} {{.RestartCount}}", name)).Trim());
    }

    private static async Task RolledBack(Shop shop, JsonNode plan, string code, DockerEngine engine, string name, string id)
    {
        Assert.Equal(("rolled_back", code), ((string)plan["status"]!, (string)plan["error"]!["code"]!));
        Assert.Equal(("failed", true), ((string)plan["steps"]![0]!["status"]!, (bool)plan["steps"]![0]!["restored"]!));
        Assert.Equal(id, await Shop.ContainerId(engine, name));
        Assert.Equal($"{name}=running", await shop.Containers(engine));
    }
}
