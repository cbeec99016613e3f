using System.Text.Json.Nodes;
using DeployHub.Worker.Containers;
using Xunit;

namespace DeployHub.Unit.Containers;

public class CarriedVolumeTests
{
    [Fact]
    public void An_anonymous_volume_of_the_image_is_mounted_by_its_generated_name() => Json.Says(
        $$"""[{"Type": "volume", "Source": "{{Inspections.AnonymousOfImage}}", "Target": "/anon", "ReadOnly": false}]""", Host(Inspections.Plain())["Mounts"]);

    [Fact]
    public void Every_way_to_an_anonymous_volume_leads_to_its_generated_name()
    {
        var running = Inspections.With("HostConfig", """{"Binds": ["/one/"], "Mounts": [{"Type": "volume", "Target": "/m"}, {"Type": "tmpfs", "Target": "/t"}], "VolumesFrom": ["peer:ro"]}""");
        running["Config"]!["Volumes"] = Inspections.Parse("""{"/anon": {}, "/user": {}}""");
        running["Mounts"] = new JsonArray(
            Volume("of-image", "/anon", writable: false), Volume(Inspections.AnonymousOfUser, "/user"), Volume("of-bind", "/one"), Volume("of-mount", "/m"), Volume("of-peer", "/peer"));

        var host = Host(running);

        Json.Says("""["of-bind:/one/"]""", host["Binds"]);
        // /peer comes from VolumesFrom, which is carried: it is not the container's own.
        Json.Says(
            $$"""
            [{"Type": "volume", "Target": "/m", "Source": "of-mount"}, {"Type": "tmpfs", "Target": "/t"}, {"Type": "volume", "Source": "of-image", "Target": "/anon", "ReadOnly": true},
             {"Type": "volume", "Source": "{{Inspections.AnonymousOfUser}}", "Target": "/user", "ReadOnly": false}]
            """,
            host["Mounts"]);
        Json.Says("""["peer:ro"]""", host["VolumesFrom"]);
    }

    [Fact]
    public void Named_volumes_binds_and_their_options_stay_as_they_are()
    {
        var running = Inspections.With("HostConfig", """
            {"Binds": ["/srv/b:/b:ro,rslave,Z", "named:/anon"], "Tmpfs": {"/t2": "size=1m"},
             "Mounts": [{"Type": "bind", "Source": "/srv/c", "Target": "/c", "BindOptions": {"Propagation": "rshared"}}, {"Type": "volume", "Source": "named2", "Target": "/d", "VolumeOptions": {"NoCopy": true}}]}
            """);
        running["Mounts"] = new JsonArray(Volume("named", "/anon"), Volume("named2", "/d"));

        Json.Says(running["HostConfig"]!.ToJsonString(), Host(running));
    }

    private static JsonObject Volume(string name, string target, bool writable = true) => new() { ["Type"] = "volume", ["Name"] = name, ["Destination"] = target, ["RW"] = writable };

    private static JsonObject Host(JsonObject running) => AdoptedContainer.Plan(running, Inspections.Image(), "app", Inspections.Labels).Body["HostConfig"]!.AsObject();
}
