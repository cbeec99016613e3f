using DeployHub.Docker;
using DeployHub.Domain.Services;
using DeployHub.Worker.Containers;
using Xunit;

namespace DeployHub.Integration.Containers;

public sealed class DeclarationTests(Rig rig) : IClassFixture<Rig>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_declared_container_runs_as_declared()
    {
        await rig.Engine.Docker("network", "create", "front");
        await rig.Engine.Docker("network", "create", "back");
        var spec = new ContainerSpec
        {
            Env = new() { ["MODE"] = "chosen" },
            Ports = [new PortSpec(8080, HostIp: "127.0.0.1")],
            Volumes = [new VolumeSpec(rig.Folder("declared"), "/b", ReadOnly: true), new VolumeSpec("data", "/d")],
            Networks = ["front", "back"],
            Command = ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"],
            Limits = new LimitsSpec(64, 0.5, 50),
            RestartPolicy = "on-failure:3",
            HealthCheck = new HealthCheckSpec(["CMD", "/bin/busybox", "true"], 10, 5, 3, 30),
            StopGraceSeconds = 7,
            Hostname = "web-1",
            Init = true,
        };

        var seen = await rig.Run("declared", DeclaredContainer.Plan(spec, "app:v1", Rig.Labels));

        Assert.Equal(["back", "front"], seen["NetworkSettings"]!["Networks"]!.AsObject().Select(network => network.Key));
        Assert.Equal("front", seen["HostConfig"]!["NetworkMode"]!.GetValue<string>());
        Assert.Equal(64L << 20, seen["HostConfig"]!["Memory"]!.GetValue<long>());
        Assert.Equal(500_000_000, seen["HostConfig"]!["NanoCpus"]!.GetValue<long>());
        Assert.Equal("""{"Name":"on-failure","MaximumRetryCount":3}""", seen["HostConfig"]!["RestartPolicy"]!.ToJsonString());
        Assert.Equal("""{"Test":["CMD","/bin/busybox","true"],"Interval":10000000000,"Timeout":5000000000,"StartPeriod":30000000000,"Retries":3}""", seen["Config"]!["Healthcheck"]!.ToJsonString());
        Assert.Equal(7, seen["Config"]!["StopTimeout"]!.GetValue<int>());
        Assert.Equal("web-1", await rig.Engine.Docker("exec", "declared", "/bin/busybox", "hostname"));
        Assert.InRange(await rig.Engine.PublishedPort("declared"), 1, 65535);
    }

    [Theory]
    [InlineData("host")]
    [InlineData("none")]
    [InlineData("bridge")]
    public async Task The_engine_s_own_networks_can_be_declared(string network)
    {
        var name = $"in-{network}";
        var seen = await rig.Run(name, DeclaredContainer.Plan(new ContainerSpec { Networks = [network] }, "app:v1", Rig.Labels));
        Assert.Equal(network, Assert.Single(seen["NetworkSettings"]!["Networks"]!.AsObject()).Key);
        await rig.Engine.Docker("rm", "-f", name);
    }

    [Fact]
    public async Task A_missing_folder_is_refused_and_not_created()
    {
        var missing = Path.Combine(rig.Folder("present"), "missing");
        var plan = DeclaredContainer.Plan(new ContainerSpec { Volumes = [new VolumeSpec(missing, "/b")] }, "app:v1", Rig.Labels);
        await Assert.ThrowsAsync<EngineBadRequestException>(() => rig.Client.CreateContainer("refused", plan.Body, Ct));
        Assert.False(Directory.Exists(missing));
    }
}
