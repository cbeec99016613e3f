using System.Text.Json.Nodes;
using DeployHub.Worker.Containers;
using Xunit;

namespace DeployHub.Unit.Containers;

public class CarriedNetworkTests
{
    private const string Two = """
        {"Networks": {
          "neta": {"IPAMConfig": {"IPv4Address": "10.99.7.9"}, "Links": ["peer:p"], "Aliases": ["web", "6e07778a3d8f", "6e07778a3d8f85e62cc8b7f85143981a8ae0c1650cf8193af5fd129fb3728b2d"],
            "NetworkID": "9955bf8f3db9", "EndpointID": "7716a177f625", "Gateway": "10.99.7.1", "IPAddress": "10.99.7.9", "IPPrefixLen": 24, "MacAddress": "02:42:0a:63:07:09", "DriverOpts": {"x": "y"}},
          "netb": {"IPAMConfig": {}, "Links": null, "Aliases": ["second", "6e07778a3d8f"], "NetworkID": "00bf8f3db9", "IPAddress": "10.99.128.2", "MacAddress": "02:42:ac:11:00:99", "DriverOpts": null}}}
        """;

    [Theory]
    [InlineData("neta")]
    [InlineData("9955bf8f3db9")]
    public void The_main_network_is_given_at_the_creation_and_the_others_after_it(string mode)
    {
        var plan = Plan(mode, Two);

        Json.Says(
            """{"EndpointsConfig": {"neta": {"IPAMConfig": {"IPv4Address": "10.99.7.9"}, "Links": ["peer:p"], "DriverOpts": {"x": "y"}, "Aliases": ["web"]}}}""", plan.Body["NetworkingConfig"]);
        var further = Assert.Single(plan.FurtherNetworks);
        Assert.Equal("netb", further.Network);
        Json.Says("""{"Aliases": ["second"], "MacAddress": "02:42:ac:11:00:99"}""", further.EndpointConfig);
        Json.Says($"\"{mode}\"", plan.Body["HostConfig"]!["NetworkMode"]);
    }

    [Fact]
    public void The_default_bridge_asks_for_nothing() =>
        Json.Says("""{"EndpointsConfig": {"bridge": {}}}""", AdoptedContainer.Plan(Inspections.Plain(), Inspections.Image(), "app", Inspections.Labels).Body["NetworkingConfig"]);

    [Fact]
    public void A_container_that_was_moved_to_other_networks_belongs_to_them()
    {
        var plan = Plan("default", Two);
        Json.Says("\"neta\"", plan.Body["HostConfig"]!["NetworkMode"]);
        Assert.Equal("netb", Assert.Single(plan.FurtherNetworks).Network);
    }

    [Fact]
    public void A_container_that_was_disconnected_from_everything_stays_so()
    {
        var plan = Plan("neta", """{"Networks": {}}""");
        Json.Says("\"none\"", plan.Body["HostConfig"]!["NetworkMode"]);
        Json.Says(null, plan.Body["NetworkingConfig"]);
    }

    [Fact]
    public void In_the_network_of_another_container_what_the_engine_would_refuse_is_left_out()
    {
        const string Mode = "container:45470e5023ac81168b2242b37777ed8af63e869209627645f03fe0857df19226";
        var running = Running(Mode, """{"Networks": {}}""");
        running["Config"]!["Hostname"] = "45470e5023ac";
        running["HostConfig"]!["IpcMode"] = Mode;

        foreach (var plan in new[] { AdoptedContainer.Plan(running, [], "app", Inspections.Labels), FormerContainer.Plan(running, "app", Inspections.Labels) })
        {
            Json.Says($"\"{Mode}\"", plan.Body["HostConfig"]!["NetworkMode"]);
            Json.Says($"\"{Mode}\"", plan.Body["HostConfig"]!["IpcMode"]);
            Assert.Null(plan.Body["Hostname"]);
            Assert.Null(plan.Body["ExposedPorts"]);
            Assert.Null(plan.Body["NetworkingConfig"]);
        }
    }

    [Theory]
    [InlineData("host", "", "vm")]
    [InlineData("default", "host", null)]
    public void The_hostname_of_the_host_is_sent_only_where_the_engine_takes_it(string network, string uts, string? hostname)
    {
        var running = Running(network, """{"Networks": {"host": {"NetworkID": "4a3be38d9643"}}}""");
        running["Config"]!["Hostname"] = "vm";
        running["HostConfig"]!["UTSMode"] = uts;
        Assert.Equal(hostname, AdoptedContainer.Plan(running, [], "app", Inspections.Labels).Body["Hostname"]?.GetValue<string>());
    }

    private static ContainerPlan Plan(string mode, string settings) => AdoptedContainer.Plan(Running(mode, settings), Inspections.Image(), "app", Inspections.Labels);

    private static JsonObject Running(string mode, string settings)
    {
        var running = Inspections.With("HostConfig", $$"""{"NetworkMode": "{{mode}}"}""");
        running["NetworkSettings"] = Inspections.Parse(settings);
        return running;
    }
}
