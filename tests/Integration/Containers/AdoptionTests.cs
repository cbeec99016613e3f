using System.Text.Json.Nodes;
using DeployHub.Docker;
using DeployHub.Servers;
using DeployHub.Worker.Containers;
using Xunit;

namespace DeployHub.Integration.Containers;

public sealed class AdoptionTests(Rig rig) : IClassFixture<Rig>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_adopted_container_differs_from_the_old_one_by_its_image_alone()
    {
        var old = await RunEverything("full");

        var seen = await rig.Adopt(old, "full");

        // What differs in HostConfig is that the anonymous volumes have names now.
        Same.Members(old["HostConfig"], seen["HostConfig"], "Mounts");
        Same.Members(old["Config"], seen["Config"], "Hostname", "Image", "Env", "Labels", "WorkingDir", "User", "ExposedPorts");
        Assert.Equal(Same.Mounts(old), Same.Mounts(seen));
        Assert.Equal(Same.Networks(old), Same.Networks(seen));
        Assert.Equal(["MODE=chosen", "MORE=1", "OWN=two", "PATH=/bin"], seen["Config"]!["Env"]!.AsArray().Select(variable => variable!.GetValue<string>()).Order());
        Assert.Equal("/two", seen["Config"]!["WorkingDir"]!.GetValue<string>());
        Assert.Equal("0:0", seen["Config"]!["User"]!.GetValue<string>());
        Assert.Equal(
            ["com.docker.compose.image=sha256:abc", "com.docker.compose.project=shop", "com.example.kept=image2", "deployhub.service=web", "mine=1", "version=2"],
            seen["Config"]!["Labels"]!.AsObject().Select(label => $"{label.Key}={label.Value}").Order(StringComparer.Ordinal));
        Assert.Equal(["7002/tcp", "7070/tcp", "8080/tcp"], seen["Config"]!["ExposedPorts"]!.AsObject().Select(port => port.Key).Order());
        Assert.Equal("kept\ntoo", await rig.Engine.Docker("exec", "full", "/bin/busybox", "cat", "/anon/data", "/anon2/data"));

        // The engine's own: the hostname and the alias are the new container's.
        var id = seen["Id"]!.GetValue<string>()[..12];
        Assert.Equal(id, seen["Config"]!["Hostname"]!.GetValue<string>());
        Assert.All(seen["NetworkSettings"]!["Networks"]!.AsObject(), network => Assert.DoesNotContain(old["Id"]!.GetValue<string>()[..12], Same.Aliases(network.Value!)));

        var port = Assert.Single(PublishedPorts.Of(AdoptedContainer.Plan(old, [], "app:v2", Rig.Labels).Body));
        Assert.True(PublishedPorts.Collides(port, Assert.Single(await rig.Client.ListContainers(new Dictionary<string, string[]> { ["name"] = ["^/full$"] }, all: false, Ct))));
        Assert.Equal("v2", await rig.Engine.Docker("exec", "full", "/bin/busybox", "cat", "/www/index.html"));
    }

    [Fact]
    public async Task A_removed_container_comes_back_as_it_was()
    {
        var old = await RunEverything("former");
        await rig.Engine.Docker("rm", "-f", "former");

        var seen = await rig.Run("former", FormerContainer.Plan(old, old["Image"]!.GetValue<string>(), Rig.Labels));

        Same.Members(old["HostConfig"], seen["HostConfig"], "Mounts");
        Same.Members(old["Config"], seen["Config"], "Hostname", "Image", "Labels", "Env");
        Assert.Equal(old["Image"]!.GetValue<string>(), seen["Image"]!.GetValue<string>());
        // The engine is free in the order of variables.
        Assert.Equal(Variables(old), Variables(seen));
        Assert.Equal(Same.Mounts(old), Same.Mounts(seen));
        Assert.Equal(Same.Networks(old), Same.Networks(seen));
        var labels = old["Config"]!["Labels"]!.DeepClone().AsObject();
        labels["deployhub.service"] = "web";
        labels.Remove("deployhub.step");
        Same.Members(labels, seen["Config"]!["Labels"]);
    }

    [Fact]
    public async Task A_linked_container_with_a_chosen_MAC_address_and_volumes_of_another_keeps_them()
    {
        await rig.Engine.Docker("run", "-d", "--name", "peer", "-v", "/shared", "app:v1");
        await rig.Client.CreateContainer("linked", Parse("""
            {"Image": "app:v1", "MacAddress": "02:42:ac:11:00:99", "Volumes": {"/anon2": {}},
             "HostConfig": {"Links": ["peer:p"], "VolumesFrom": ["peer:ro"], "Binds": ["/one"], "Mounts": [{"Type": "volume", "Target": "/m"}]}}
            """), Ct);
        await rig.Engine.Docker("start", "linked");
        var old = (await rig.Inspect("linked")).Raw;

        var seen = await rig.Adopt(old, "linked");

        Same.Members(old["HostConfig"], seen["HostConfig"], "Mounts", "Binds");
        Assert.Equal("02:42:ac:11:00:99", seen["NetworkSettings"]!["Networks"]!["bridge"]!["MacAddress"]!.GetValue<string>());
        Assert.Equal(Same.Mounts(old), Same.Mounts(seen));
    }

    [Theory]
    [InlineData("--network", "host")]
    [InlineData("--network", "none")]
    [InlineData("--uts", "host")]
    [InlineData("--network", "container:donor")]
    [InlineData("--ipc", "container:donor")]
    [InlineData("--pid", "container:donor")]
    [InlineData("--entrypoint", "")]
    [InlineData("--no-healthcheck", "--init")]
    public async Task Every_way_to_isolate_and_start_is_taken_by_the_engine_again(string option, string value)
    {
        if (await rig.Client.FindContainer("donor", Ct) is null)
        {
            await rig.Engine.Docker("run", "-d", "--name", "donor", "--ipc", "shareable", "app:v1");
        }

        await rig.Engine.Docker("run", "-d", "--name", "odd", option, value, "app:v1", "/bin/busybox", "sleep", "1000");
        var old = (await rig.Inspect("odd")).Raw;
        var adopted = await rig.Adopt(old, "odd");
        Same.Members(old["HostConfig"], adopted["HostConfig"], "Mounts");
        Assert.Equal(Same.Networks(old), Same.Networks(adopted));

        await rig.Engine.Docker("rm", "-f", "odd", "old-odd");
        var former = await rig.Run("odd", FormerContainer.Plan(old, "app:v1", Rig.Labels));
        Same.Members(old["HostConfig"], former["HostConfig"], "Mounts");
        Same.Members(old["Config"], former["Config"], "Hostname", "Labels", "Env");
        await rig.Engine.Docker("rm", "-f", "odd");
    }

    [Fact]
    public async Task A_container_started_with_rm_is_refused()
    {
        await rig.Engine.Docker("run", "-d", "--rm", "--name", "brief", "app:v1");
        Assert.Contains("--rm", AdoptedContainer.Obstacle((await rig.Inspect("brief")).Raw), StringComparison.Ordinal);
        await rig.Engine.Docker("rm", "-f", "brief");
    }

    private async Task<JsonObject> RunEverything(string name)
    {
        var bind = rig.Folder($"bind-{name}");
        var range = await rig.FreeRange(name == "full" ? 7 : 8);
        await rig.Engine.Docker("network", "create", "--subnet", $"{range}.0/24", $"{name}-a");
        await rig.Engine.Docker("network", "create", $"{name}-b");
        await rig.Engine.Docker(
            "create", "--name", name, "-e", "MODE=chosen", "-e", "MORE=1", "-l", "mine=1", "-l", "deployhub.step=old", "-l", "com.docker.compose.project=shop",
            "-l", "com.docker.compose.image=sha256:abc", "-v", $"{bind}:/b:ro", "-v", $"{name}-data:/n", "-v", "/anon2", "--tmpfs", "/t:size=1m", "--mount", "type=tmpfs,dst=/t2",
            "--network", $"{name}-a", "--ip", $"{range}.9", "--network-alias", "web", "-p", $"127.0.0.1:{FreePorts.Next()}:7070", "-p", "8080",
            "--memory", "64m", "--cpus", "0.5", "--pids-limit", "50", "--ulimit", "nofile=100:200", "--sysctl", "net.ipv4.ip_default_ttl=99", "--add-host", "db:10.1.2.3", "--dns", "10.1.1.1",
            "--cap-drop", "MKNOD", "--security-opt", "no-new-privileges", "--log-opt", "max-size=1m", "--restart", "on-failure:3", "--init", "--stop-timeout", "7", "--device", "/dev/null:/dev/x",
            "app:v1", "/bin/busybox", "sleep", "1000");
        await rig.Engine.Docker("network", "connect", "--alias", "second", $"{name}-b", name);
        await rig.Engine.Docker("start", name);
        await rig.Engine.Docker("exec", name, "/bin/busybox", "sh", "-c", "echo kept > /anon/data; echo too > /anon2/data");
        return (await rig.Inspect(name)).Raw;
    }

    private static IEnumerable<string> Variables(JsonObject inspection) => inspection["Config"]!["Env"]!.AsArray().Select(variable => variable!.GetValue<string>()).Order(StringComparer.Ordinal);

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
