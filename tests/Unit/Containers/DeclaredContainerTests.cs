using DeployHub.Domain.Services;
using DeployHub.Worker.Containers;
using Xunit;

namespace DeployHub.Unit.Containers;

public class DeclaredContainerTests
{
    [Fact]
    public void What_is_not_declared_is_not_sent()
    {
        var plan = Plan(new ContainerSpec());
        Json.Says(
            """{"Image": "app@sha256:1", "Labels": {"deployhub.service": "web"}, "StopTimeout": 10, "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}}}""", plan.Body);
        Assert.Empty(plan.FurtherNetworks);
    }

    [Fact]
    public void What_is_declared_is_sent()
    {
        var body = Plan(new ContainerSpec
        {
            Env = new() { ["A"] = "1=2" },
            Command = ["serve"],
            Entrypoint = ["/app"],
            Labels = new() { ["mine"] = "1", ["deployhub.service"] = "forged" },
            HealthCheck = new HealthCheckSpec(["CMD", "/up"], 10, 5, 3, 30),
            StopGraceSeconds = 33,
            StopSignal = "SIGINT",
            User = "7",
            WorkingDir = "/w",
            Hostname = "web-1",
        }).Body;

        body.Remove("HostConfig");
        Json.Says(
            """
            {"Image": "app@sha256:1", "Env": ["A=1=2"], "Cmd": ["serve"], "Entrypoint": ["/app"], "Labels": {"mine": "1", "deployhub.service": "web"}, "StopTimeout": 33, "StopSignal": "SIGINT",
             "User": "7", "WorkingDir": "/w", "Hostname": "web-1", "Healthcheck": {"Test": ["CMD", "/up"], "Interval": 10000000000, "Timeout": 5000000000, "Retries": 3, "StartPeriod": 30000000000}}
            """,
            body);
    }

    [Fact]
    public void Ports_volumes_and_limits_are_the_host_s_settings()
    {
        var body = Plan(new ContainerSpec
        {
            Ports = [new PortSpec(80, 8080, "127.0.0.1"), new PortSpec(80, 8081), new PortSpec(53, Protocol: "udp")],
            Volumes = [new VolumeSpec("/srv/a", "/a", ReadOnly: true), new VolumeSpec("data", "/d")],
            Limits = new LimitsSpec(64, 0.29, 100),
            RestartPolicy = "on-failure:3",
            Init = true,
        }).Body;

        Json.Says("""{"80/tcp": {}, "53/udp": {}}""", body["ExposedPorts"]);
        Json.Says(
            """
            {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}, "Memory": 67108864, "NanoCpus": 290000000, "PidsLimit": 100, "Init": true,
             "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}, {"HostIp": "", "HostPort": "8081"}], "53/udp": [{"HostIp": "", "HostPort": ""}]},
             "Mounts": [{"Type": "bind", "Source": "/srv/a", "Target": "/a", "ReadOnly": true}, {"Type": "volume", "Source": "data", "Target": "/d", "ReadOnly": false}]}
            """,
            body["HostConfig"]);
    }

    [Fact]
    public void The_first_network_is_the_main_one()
    {
        var plan = Plan(new ContainerSpec { Networks = ["front", "back"] });
        Json.Says("\"front\"", plan.Body["HostConfig"]!["NetworkMode"]);
        Json.Says("""{"EndpointsConfig": {"front": {}}}""", plan.Body["NetworkingConfig"]);
        Assert.Equal("back", Assert.Single(plan.FurtherNetworks).Network);
    }

    private static ContainerPlan Plan(ContainerSpec spec) => DeclaredContainer.Plan(spec, "app@sha256:1", Inspections.Labels);
}
