using DeployHub.Docker;
using DeployHub.Worker.Containers;
using Xunit;

namespace DeployHub.Unit.Containers;

public class PublishedPortsTests
{
    private const string Bindings = """
        "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}, {"HostIp": "", "HostPort": "18081"}], "53/udp": [{"HostIp": "::", "HostPort": "53"}],
          "9000/tcp": [{"HostIp": "", "HostPort": ""}, {"HostIp": "", "HostPort": "0"}, {"HostIp": "", "HostPort": "9000-9010"}], "9001/tcp": null}
        """;

    [Fact]
    public void Only_ports_that_are_asked_for_by_number_can_be_taken() => Assert.Equal(
        [new("127.0.0.1", 18080, "tcp"), new("", 18081, "tcp"), new PublishedPort("::", 53, "udp")], PublishedPorts.Of(Inspections.Parse($$"""{"HostConfig": { {{Bindings}} } }""")));

    [Theory]
    [InlineData("host")]
    [InlineData("none")]
    [InlineData("container:45470e5023ac")]
    public void Without_a_network_of_its_own_nothing_is_published(string mode) =>
        Assert.Empty(PublishedPorts.Of(Inspections.Parse($$"""{"HostConfig": {"NetworkMode": "{{mode}}", {{Bindings}} } }""")));

    [Theory]
    [InlineData("", "0.0.0.0", true)]
    [InlineData("", "::", true)]
    [InlineData("", "127.0.0.1", true)]
    [InlineData("0.0.0.0", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "0.0.0.0", true)]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "127.0.0.2", false)]
    [InlineData("127.0.0.1", "::", false)]
    [InlineData("0.0.0.0", "::", false)]
    [InlineData("::", "::1", true)]
    public void Addresses_overlap_within_a_family(string wanted, string taken, bool collides) =>
        Assert.Equal(collides, PublishedPorts.Collides(new PublishedPort(wanted, 80, "tcp"), Running(new ContainerPort(taken, 8080, 80, "tcp"))));

    [Fact]
    public void Another_port_another_protocol_and_an_unpublished_port_are_free() => Assert.False(PublishedPorts.Collides(
        new PublishedPort("", 80, "tcp"),
        Running(new ContainerPort("0.0.0.0", 80, 81, "tcp"), new ContainerPort("0.0.0.0", 80, 80, "udp"), new ContainerPort(null, 80, null, "tcp"))));

    private static ContainerSummary Running(params ContainerPort[] ports) => new("1", ["other"], "app", "sha256:1", "running", new Dictionary<string, string>(), ports);
}
