using DeployHub.Worker.Containers;
using Xunit;

namespace DeployHub.Unit.Containers;

public class FormerContainerTests
{
    [Fact]
    public void Settings_that_came_from_the_image_are_sent_too()
    {
        var kept = Inspections.With("Config", """{"Entrypoint": ["/app"], "Labels": {"img": "one", "deployhub.step": "old"}}""");

        var body = FormerContainer.Plan(kept, "sha256:1", Inspections.Labels).Body;

        foreach (var key in new[] { "Env", "Cmd", "Entrypoint", "Healthcheck", "WorkingDir", "StopSignal", "Volumes", "ExposedPorts" })
        {
            Json.Says(kept["Config"]![key]!.ToJsonString(), body[key]);
        }

        Assert.Equal("sha256:1", body["Image"]!.GetValue<string>());
        Json.Says("""{"img": "one", "deployhub.service": "web"}""", body["Labels"]);
        Assert.Null(body["Hostname"]);
        Assert.Equal(Inspections.AnonymousOfImage, body["HostConfig"]!["Mounts"]![0]!["Source"]!.GetValue<string>());
    }

    [Fact]
    public void Without_an_entrypoint_it_does_not_get_the_image_s_own() => Json.Says("""[""]""", FormerContainer.Plan(Inspections.Plain(), "sha256:1", Inspections.Labels).Body["Entrypoint"]);

    [Fact]
    public void The_kept_inspection_is_not_changed()
    {
        var kept = Inspections.Plain();
        FormerContainer.Plan(kept, "sha256:1", Inspections.Labels);
        AdoptedContainer.Plan(kept, Inspections.Image(), "sha256:1", Inspections.Labels);
        Json.Says(Inspections.Plain().ToJsonString(), kept);
    }
}
