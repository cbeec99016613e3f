using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>Where images come from and where they go: registries with passwords, images of the engine alone, several engines, adopted containers.</summary>
public sealed class SourcesTests(StandaloneHub fixture) : IClassFixture<StandaloneHub>
{
    [Fact]
    public async Task A_private_image_with_a_port_in_its_name_is_pulled_with_the_registrys_password()
    {
        var (engine, _) = await fixture.Servers();
        await using var registry = await Registry.Start("ci", "correct horse");
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var image = $"{registry.Host}/{shop.Repository}";
        var stored = await registry.Push(TestImage.Serving($"private {image}"), shop.Repository, "v1");
        await shop.UseImage($"{image}-none");
        var name = await shop.AddService("none");
        Assert.Equal("REGISTRY_UNAUTHORIZED", (string)(await shop.Deploy(new { imageTag = "v1" }))["error"]!["code"]!);

        var wrong = await shop.AddRegistry(registry, "ci", "wrong");
        var api = shop.Hub.Api;
        var service = (string)(await api.Get($"/api/environments/{shop.EnvironmentId}/services")).Json!["services"]![0]!["id"]!;
        var linked = (string)(await api.Create($"/api/environments/{shop.EnvironmentId}/container-images", new { name = "linked", imageName = image, registryConnectionId = wrong }))["id"]!;
        Assert.Equal(200, (await api.Patch($"/api/services/{service}", new { containerImageId = linked })).Status);
        await Plans(api, linked, "failed", "REGISTRY_UNAUTHORIZED");

        Assert.Equal(200, (await api.Patch($"/api/registries/{wrong}", new { password = "correct horse" })).Status);
        await Plans(api, linked, "completed", null);

        Assert.Equal(stored.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
        Assert.DoesNotContain("correct horse", (await api.Get($"/api/registries/{wrong}")).Text + shop.Hub.Log(), StringComparison.Ordinal);

        async Task Plans(ApiClient client, string imageId, string status, string? code)
        {
            var submitted = await client.Post($"/api/container-images/{imageId}/deploy", new { imageTag = "v1" });
            var plan = await shop.End((string)submitted.Json!["plan"]!["id"]!);
            Assert.Equal((status, code), ((string)plan["status"]!, (string?)plan["error"]?["code"]));
        }
    }

    [Fact]
    public async Task An_image_that_only_the_engine_knows_is_deployed_by_its_id()
    {
        var (engine, _) = await fixture.Servers();
        var local = $"deployhub-local-{Guid.NewGuid():n}"[..30];
        var shop = await Shop.Open(await fixture.Hub(), engine, imageName: local);
        var name = await shop.AddService("api");
        var v1 = await engine.Load(TestImage.Serving("local v1"), local, "v1");
        var v2 = await engine.Load(TestImage.Serving("local v2"), local, "v2");

        var first = await shop.Deploy(new { imageTag = "v1" });
        var second = await shop.Deploy(new { imageTag = "v2" });

        Assert.Equal(("completed", v1.ImageId), ((string)first["status"]!, (string)first["imageDigest"]!));
        Assert.Equal(("completed", v2.ImageId), ((string)second["status"]!, (string)second["imageDigest"]!));
        Assert.Equal(v1.ImageId, (string)second["steps"]![0]!["fromDigest"]!);
        Assert.Equal(v2.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
    }

    [Fact]
    public async Task Two_services_on_two_engines_go_back_together()
    {
        var (one, registry) = await fixture.Servers();
        await using var two = await DockerEngine.Start("two", tcp: true);
        var shop = await Shop.Open(await fixture.Hub(), one, registry: registry);
        var second = await shop.AddServer("web-2", two.TcpUri!.OriginalString.Replace("http://", "tcp://", StringComparison.Ordinal).TrimEnd('/'));
        var name = await shop.AddService("front");
        var other = await shop.AddService("back", servers: second);

        // The two engines share their machine's key file, and so an id, as clones of a machine do.
        var both = await shop.AddService("both", servers: [shop.ServerId, second]);
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2") with { Command = ["/bin/busybox", "sh", "-c", "[ \"$HOSTNAME\" != back ] && exec /bin/busybox httpd -f -p 8080; exit 4"] }, shop.Repository, "v2");
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v1" }))["status"]!);
        var service = (await shop.Hub.Api.Get($"/api/environments/{shop.EnvironmentId}/services")).Json!["services"]!.AsArray().First(x => (string)x!["name"]! == "back")!;
        await shop.Hub.Api.Patch($"/api/services/{(string)service["id"]!}", new { container = new { hostname = "back", restartPolicy = "no" }, health = new { minHealthySeconds = 2 } });
        string[] before = [await Shop.ContainerId(one, name), await Shop.ContainerId(two, other)];

        var plan = await shop.Deploy(new { imageTag = "v2" });

        Assert.Equal("rolled_back", (string)plan["status"]!);
        Assert.Equal(["web-1", "web-2", "web-1", "web-2"], plan["steps"]!.AsArray().Select(x => (string)x!["server"]!["name"]!));
        Assert.Equal(string.Join(" ", before), $"{await Shop.ContainerId(one, name)} {await Shop.ContainerId(two, other)}");
        Assert.Equal($"{other}=running {both}=running", await shop.Containers(two));
        Assert.Equal($"{both}=running {name}=running", await shop.Containers(one));
    }

    [Fact]
    public async Task An_adopted_container_keeps_its_settings_and_comes_back_as_it_was()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var v1 = await registry.Push(TestImage.Serving("v1") with { Environment = ["FROM_IMAGE=one"] }, shop.Repository, "v1");
        var v2 = await registry.Push(TestImage.Serving("v2") with { Environment = ["FROM_IMAGE=two"] }, shop.Repository, "v2");
        await registry.Push(TestImage.Serving("v3").Unhealthy(), shop.Repository, "v3");
        var name = $"deployhub-adopted-{Guid.NewGuid():n}"[..30];
        var network = $"{name}-net";
        await engine.Docker("network", "create", network);
        var port = FreePorts.Next();
        await engine.Docker(
            "run", "-d", "--name", name, "--network", network, "--network-alias", "shop", "-p", $"127.0.0.1:{port}:8080", "-e", "OWN=yes",
            "-v", $"{name}-data:/data", "--label", "team=shop", "--restart", "always", "--memory", "64m", v1.ByDigest);
        var before = await Shop.ContainerId(engine, name);
        await shop.AddService("api", adopt: true, containerName: name);

        var plan = await shop.Deploy(new { imageTag = "v2" });

        Assert.Equal("completed", (string)plan["status"]!);
        Assert.Equal(v1.Digest, (string)plan["steps"]![0]!["fromDigest"]!);
        Assert.Equal(v2.ImageId, (await engine.Docker("inspect", "-f", "{{.Image}}", name)).Trim());
        const string facts = "{{range .Config.Env}}{{.}} {{end}}{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Memory}} {{index .Config.Labels \"team\"}} {{range $k,$v := .NetworkSettings.Networks}}{{$k}} {{end}}{{range .Mounts}}{{.Name}}:{{.Destination}} {{end}}";
        var kept = await engine.Docker("inspect", "-f", facts, name);
        Assert.Contains("OWN=yes", kept, StringComparison.Ordinal);
        Assert.Contains("FROM_IMAGE=two", kept, StringComparison.Ordinal);
        Assert.Contains($"always 67108864 shop {network} {name}-data:/data", kept, StringComparison.Ordinal);
        using var http = new HttpClient();
        await Eventually.Equal("v2", async () => (await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"))).Trim());

        // The first one was removed once its successor was proven; the next failure brings that successor back, the same container.
        await Eventually.Equal("", async () => (await engine.Docker("ps", "-aq", "--no-trunc", "--filter", $"id={before}")).Trim());
        var second = await Shop.ContainerId(engine, name);
        Assert.Equal("rolled_back", (string)(await shop.Deploy(new { imageTag = "v3" }))["status"]!);
        Assert.Equal(second, await Shop.ContainerId(engine, name));
        await Eventually.Equal("v2", async () => (await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"))).Trim());
    }

    [Fact]
    public async Task A_container_that_is_not_there_cannot_be_adopted_and_one_that_removes_itself_neither()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var v1 = await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        var name = await shop.AddService("api", adopt: true);

        var missing = await shop.Deploy(new { imageTag = "v1" });
        await engine.Docker("run", "-d", "--rm", "--name", name, v1.ByDigest);
        var fleeting = await shop.Deploy(new { imageTag = "v1" });

        Assert.Equal(("failed", "CONTAINER_NOT_FOUND"), ((string)missing["status"]!, (string)missing["error"]!["code"]!));
        Assert.Equal(("failed", "CONTAINER_AUTO_REMOVES"), ((string)fleeting["status"]!, (string)fleeting["error"]!["code"]!));
        Assert.Equal("true", (await engine.Docker("inspect", "-f", "{{.State.Running}}", name)).Trim());
        await engine.Docker("rm", "-f", name);
    }

    [Fact]
    public async Task The_digest_of_a_tag_is_recorded_by_asking_the_registry_through_a_worker()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var v1 = await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");

        var digest = await shop.Hub.Api.Create($"/api/container-images/{shop.ImageId}/digests", new { tag = "v1" });
        var unknown = await shop.Hub.Api.Post($"/api/container-images/{shop.ImageId}/digests", new { tag = "v9" });

        Assert.Equal(v1.Digest, (string)digest["manifestDigest"]!);
        Assert.Equal((400, "tag"), (unknown.Status, (string)unknown.Json!["field"]!));
    }
}
