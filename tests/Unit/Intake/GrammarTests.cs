using DeployHub.Domain.Services;
using DeployHub.Intake;
using DeployHub.Intake.Images;
using DeployHub.Intake.Registries;
using DeployHub.Intake.Servers;
using DeployHub.Intake.Services;
using Xunit;

namespace DeployHub.Unit.Intake;

public class GrammarTests
{
    [Theory]
    [InlineData("v1", true)]
    [InlineData("_x.y-z", true)]
    [InlineData("", false)]
    [InlineData(".v1", false)]
    [InlineData("-v1", false)]
    [InlineData("v1\n", false)]
    [InlineData("vé", false)]
    [InlineData("a/b", false)]
    public void Tags_follow_Dockers_grammar(string tag, bool good) => Assert.Equal(good, ImageRules.IsTag(tag));

    [Fact]
    public void A_tag_has_at_most_128_characters()
    {
        Assert.True(ImageRules.IsTag(new string('a', 128)));
        Assert.False(ImageRules.IsTag(new string('a', 129)));
    }

    [Fact]
    public void A_digest_is_sha256_and_64_hex_digits_in_lower_case()
    {
        Assert.True(ImageRules.IsDigest("sha256:" + new string('a', 64)));
        Assert.False(ImageRules.IsDigest("sha256:" + new string('A', 64)));
        Assert.False(ImageRules.IsDigest("sha256:" + new string('a', 63)));
        Assert.False(ImageRules.IsDigest("sha512:" + new string('a', 64)));
    }

    [Theory]
    [InlineData("nginx", true)]
    [InlineData("library/nginx", true)]
    [InlineData("127.0.0.1:5000/shop/api", true)]
    [InlineData("localhost/api", true)]
    [InlineData("[::1]:5000/api", true)]
    [InlineData("registry.example.com/a__b/c--d.e", true)]
    [InlineData("nginx:1", false)]
    [InlineData("127.0.0.1:5000", false)]
    [InlineData("127.0.0.1:5000/api:v1", false)]
    [InlineData("nginx@sha256:aa", false)]
    [InlineData("Shop/api", false)]
    [InlineData("a//b", false)]
    [InlineData("/a", false)]
    [InlineData("a/", false)]
    [InlineData("a___b", false)]
    [InlineData("host:70000/a", false)]
    public void Image_names_are_repositories_without_tag_or_digest(string name, bool good) =>
        Assert.Equal(good, ImageRules.CheckName(name, "imageName") is null);

    [Theory]
    [InlineData("nginx", "docker.io")]
    [InlineData("shop/api", "docker.io")]
    [InlineData("localhost/api", "localhost")]
    [InlineData("127.0.0.1:5000/shop/api", "127.0.0.1:5000")]
    public void The_registry_is_read_from_the_name(string name, string registry) => Assert.Equal(registry, ImageRules.RegistryOf(name));

    [Theory]
    [InlineData("unix:///var/run/docker.sock", true)]
    [InlineData("tcp://10.0.0.5:2375", true)]
    [InlineData("tcp://[::1]:2375", true)]
    [InlineData("tcp://host", false)]
    [InlineData("tcp://user:password@host:2375", false)]
    [InlineData("tcp://host:2375/v1", false)]
    [InlineData("tcp://host:2375?x", false)]
    [InlineData("unix://var/run/docker.sock", false)]
    [InlineData("unix:///", false)]
    [InlineData("ssh://host", false)]
    [InlineData("https://host:2376", false)]
    [InlineData("host:2375", false)]
    [InlineData("tcp://ho st:2375", false)]
    public void Endpoints_are_a_socket_or_a_port(string endpoint, bool good) => Assert.Equal(good, EndpointRules.Check(endpoint) is null);

    [Theory]
    [InlineData("registry.example.com:5000", true)]
    [InlineData("https://registry.example.com/", true)]
    [InlineData("http://registry.example.com", false)]
    [InlineData("registry.example.com/path", false)]
    [InlineData("", false)]
    public void Registries_are_host_and_port(string url, bool good) => Assert.Equal(good, RegistryRules.CheckUrl(url) is null);

    [Theory]
    [InlineData("api", true)]
    [InlineData("a", false)]
    [InlineData("_api", false)]
    [InlineData("my api", false)]
    [InlineData("api\n", false)]
    public void Container_names_follow_Dockers_grammar(string name, bool good) => Assert.Equal(good, Names.CheckContainer(name) is null);

    [Fact]
    public void Problems_of_a_container_are_named_by_their_path()
    {
        var spec = new ContainerSpec
        {
            Env = new() { ["A=B"] = "" },
            Ports = [new PortSpec(80, 8080), new PortSpec(0), new PortSpec(81, 8080), new PortSpec(82, HostIp: "here", Protocol: "http")],
            Volumes = [new VolumeSpec("data", "/data"), new VolumeSpec("./x", "/data/"), new VolumeSpec("/x", "y")],
            Networks = ["host", "shop"],
            Command = [],
            Labels = new() { ["deployhub.step"] = "x" },
            RestartPolicy = "never",
            Limits = new LimitsSpec(1, 0, 0),
            HealthCheck = new HealthCheckSpec(["curl"], 0),
            StopGraceSeconds = 601,
            StopSignal = "please",
            User = "",
            WorkingDir = "app",
            Hostname = "-",
        };
        Assert.Equal(
            [
                "c.env", "c.ports[1].containerPort", "c.ports[2].hostPort", "c.ports[3].hostIp", "c.ports[3].protocol", "c.volumes[1].source", "c.volumes[1].target",
                "c.volumes[2].target", "c.networks[0]", "c.command", "c.labels.deployhub.step", "c.limits.memoryMb", "c.limits.cpus", "c.limits.pids",
                "c.healthCheck.test", "c.healthCheck.intervalSeconds", "c.restartPolicy", "c.stopGraceSeconds", "c.stopSignal", "c.user", "c.workingDir", "c.hostname",
            ],
            ContainerRules.Problems(spec, "c").Select(problem => problem.Field));
    }

    [Fact]
    public void What_is_left_out_is_no_problem()
    {
        Assert.Empty(ContainerRules.Problems(new ContainerSpec(), "c"));
        Assert.Empty(HealthRules.Problems(new HealthPolicy(), "h"));
    }

    [Fact]
    public void Problems_of_a_gate_are_named_by_their_path() => Assert.Equal(
        ["h.startPeriodSeconds", "h.retries", "h.deadlineSeconds", "h.probe.type", "h.probe.path", "h.probe.port"],
        HealthRules.Problems(
            new HealthPolicy { StartPeriodSeconds = -1, Retries = 0, DeadlineSeconds = 1501, Probe = new ProbeSpec("ftp", 0, "/x") }, "h").Select(problem => problem.Field));
}
