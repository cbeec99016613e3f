using System.Text.Json.Nodes;
using DeployHub.Worker.Containers;
using Xunit;

namespace DeployHub.Unit.Containers;

public class AdoptedSettingsTests
{
    [Fact]
    public void What_came_from_the_old_image_is_left_to_the_new_one()
    {
        var body = Body(Inspections.Plain());

        Assert.Equal("app@sha256:2", body["Image"]!.GetValue<string>());
        foreach (var key in new[] { "Cmd", "Entrypoint", "Healthcheck", "WorkingDir", "StopSignal", "User", "Shell", "OnBuild", "Hostname" })
        {
            Assert.Null(body[key]);
        }

        Json.Says("[]", body["Env"]);
        Json.Says("{}", body["ExposedPorts"]);
        Json.Says("{}", body["Volumes"]);
        Json.Says("""{"deployhub.service": "web"}""", body["Labels"]);
    }

    [Fact]
    public void Variables_are_told_apart_one_by_one() =>
        Json.Says("""["B=3", "C=4", "A", "D="]""", Body(Inspections.With("Config", """{"Env": ["B=3", "C=4", "PATH=/bin", "A", "D="]}"""))["Env"]);

    [Fact]
    public void Labels_of_the_user_and_of_compose_stay_and_former_ones_of_DeployHub_go()
    {
        var running = Inspections.With("Config", """
            {"Labels": {"com.example.v": "1", "img": "", "mine": "1", "deployhub.step": "old", "com.docker.compose.project": "shop", "com.docker.compose.service": "web", "com.docker.compose.image": "sha256:abc"}}
            """);
        // An image that compose built carries compose's labels itself; the next one may come from elsewhere.
        var image = Inspections.ImageWith("""{"Labels": {"com.example.v": "1", "img": "one", "com.docker.compose.project": "shop"}}""");

        Json.Says(
            """{"img": "", "mine": "1", "com.docker.compose.project": "shop", "com.docker.compose.service": "web", "com.docker.compose.image": "sha256:abc", "deployhub.service": "web"}""",
            AdoptedContainer.Plan(running, image, "app@sha256:2", Inspections.Labels).Body["Labels"]);
    }

    // What Docker shows, and what was asked for: a chosen entrypoint resets the image's command.
    [Theory]
    [InlineData("null", """["serve"]""", "null", """["serve"]""", null, null)]
    [InlineData("null", """["serve"]""", "null", """["work"]""", null, """["work"]""")]
    [InlineData("""["/app"]""", """["serve"]""", """["/app"]""", """["work"]""", null, """["work"]""")]
    [InlineData("""["/app"]""", """["serve"]""", """["/sh"]""", "null", """["/sh"]""", "[]")]
    [InlineData("""["/app"]""", """["serve"]""", """["/sh"]""", """["serve"]""", """["/sh"]""", """["serve"]""")]
    [InlineData("""["/app"]""", """["serve"]""", """["/app"]""", "null", """["/app"]""", "[]")]
    [InlineData("""["/app"]""", """["serve"]""", "null", """["work"]""", """[""]""", """["work"]""")]
    [InlineData("""["/app"]""", "null", """["/app"]""", "null", null, null)]
    public void Program_and_arguments_are_those_that_were_chosen(string imageEntrypoint, string imageCmd, string entrypoint, string cmd, string? sentEntrypoint, string? sentCmd)
    {
        var image = Inspections.ImageWith($$"""{"Entrypoint": {{imageEntrypoint}}, "Cmd": {{imageCmd}}}""");
        var running = Inspections.With("Config", $$"""{"Entrypoint": {{entrypoint}}, "Cmd": {{cmd}}}""");

        var body = AdoptedContainer.Plan(running, image, "app@sha256:2", Inspections.Labels).Body;

        Json.Says(sentEntrypoint, body["Entrypoint"]);
        Json.Says(sentCmd, body["Cmd"]);
    }

    [Theory]
    [InlineData("""{"Test": ["CMD", "/bin/busybox", "true"], "Interval": 7000000000}""", """{"Interval": 7000000000}""")]
    [InlineData("""{"Test": ["NONE"], "Interval": 5000000000}""", """{"Test": ["NONE"]}""")]
    [InlineData("null", null)]
    public void Of_a_health_check_what_was_chosen_stays(string shown, string? sent) =>
        Json.Says(sent, Body(Inspections.With("Config", $$"""{"Healthcheck": {{shown}}}"""))["Healthcheck"]);

    [Fact]
    public void Chosen_settings_stay()
    {
        const string Chosen = """
            {"User": "7:7", "WorkingDir": "/x", "StopSignal": "SIGINT", "Shell": ["/bin/sh"], "StopTimeout": 33, "Tty": true, "OpenStdin": true, "Domainname": "example.org", "Hostname": "web-1"}
            """;

        var body = Body(Inspections.With("Config", Chosen));

        foreach (var (key, value) in Inspections.Parse(Chosen))
        {
            Json.Says(value!.ToJsonString(), body[key]);
        }
    }

    [Fact]
    public void A_published_port_stays_exposed_when_only_the_old_image_exposed_it() => Json.Says(
        """{"9000/udp": {}, "8080/tcp": {}}""",
        AdoptedContainer.Plan(
            Published(), Inspections.Image(), "app@sha256:2", Inspections.Labels).Body["ExposedPorts"]);

    [Fact]
    public void Nothing_of_the_host_settings_is_lost()
    {
        var running = Published();
        Json.Says(With(running["HostConfig"]!, "Mounts", Body(running)["HostConfig"]!["Mounts"]).ToJsonString(), Body(running)["HostConfig"]);
    }

    [Theory]
    [InlineData("HostConfig", """{"AutoRemove": true}""", "--rm")]
    [InlineData("Config", """{"Labels": {"com.docker.swarm.task.id": "x"}}""", "Swarm")]
    [InlineData("State", """{"Status": "removing"}""", "is being removed")]
    [InlineData("State", """{"Status": "exited"}""", null)]
    public void What_cannot_be_adopted_is_refused_with_a_reason(string section, string members, string? reason)
    {
        var obstacle = AdoptedContainer.Obstacle(Inspections.With(section, members));
        if (reason is null)
        {
            Assert.Null(obstacle);
        }
        else
        {
            Assert.Contains(reason, obstacle, StringComparison.Ordinal);
            Assert.StartsWith("Container web ", obstacle, StringComparison.Ordinal);
        }
    }

    private static JsonObject Published()
    {
        var running = Inspections.With("HostConfig", """{"PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}]}, "PublishAllPorts": true}""");
        running["Config"]!["ExposedPorts"] = Inspections.Parse("""{"8080/tcp": {}, "9000/udp": {}}""");
        return running;
    }

    private static JsonObject With(JsonNode host, string key, JsonNode? value)
    {
        var copy = host.DeepClone().AsObject();
        copy[key] = value?.DeepClone();
        return copy;
    }

    private static JsonObject Body(JsonObject running) => AdoptedContainer.Plan(running, Inspections.Image(), "app@sha256:2", Inspections.Labels).Body;
}
