using System.Text.Json.Nodes;

namespace DeployHub.Worker.Containers;

/// <summary>Anonymous volumes: the engine named them when the container was made, and a new container would get new, empty ones.</summary>
internal static class CarriedVolumes
{
    /// <summary>Adds the generated names to a copy of the container's HostConfig, so that the data comes along. From then on they are named volumes: <c>docker rm -v</c> spares them.</summary>
    public static void Name(JsonObject host, JsonObject inspection)
    {
        var volumes = inspection.Sections("Mounts").Where(mount => mount.Text("Type") == "volume").ToDictionary(mount => Path(mount.Text("Destination")), StringComparer.Ordinal);
        var binds = host.Texts("Binds").Select(bind => Named(bind, volumes)).ToArray();
        var mounts = host.Sections("Mounts").Select(mount => Named((JsonObject)mount.DeepClone(), volumes)).ToArray();
        var taken = binds.Select(Target).Concat(mounts.Select(mount => Path(mount.Text("Target")))).ToHashSet(StringComparer.Ordinal);

        // Declared by the image (VOLUME) or by `-v /path`. Any other is a volume of a container in VolumesFrom, which goes on giving it.
        var declared = inspection.Section("Config").Section("Volumes").Select(volume => Path(volume.Key)).Where(path => volumes.ContainsKey(path) && !taken.Contains(path));
        Set(host, "Binds", binds.ToJson());
        Set(host, "Mounts", new JsonArray([.. mounts, .. declared.Select(path => Mount(volumes[path]))]));
    }

    private static void Set(JsonObject host, string key, JsonArray list)
    {
        if (list.Count > 0)
        {
            host[key] = list;
        }
    }

    // A bind is source:target[:options], or the target of an anonymous volume alone.
    private static string Named(string bind, Dictionary<string, JsonObject> volumes) =>
        !bind.Contains(':', StringComparison.Ordinal) && volumes.TryGetValue(Path(bind), out var volume) ? $"{volume.Text("Name")}:{bind}" : bind;

    private static JsonObject Named(JsonObject mount, Dictionary<string, JsonObject> volumes)
    {
        if (mount.Text("Type") == "volume" && mount.Text("Source").Length == 0 && volumes.TryGetValue(Path(mount.Text("Target")), out var volume))
        {
            mount["Source"] = volume.Text("Name");
        }

        return mount;
    }

    private static JsonObject Mount(JsonObject volume) => new()
    {
        ["Type"] = "volume",
        ["Source"] = volume.Text("Name"),
        ["Target"] = volume.Text("Destination"),
        ["ReadOnly"] = !volume.Flag("RW"),
    };

    private static string Target(string bind) => bind.Split(':') is [_, var target, ..] ? Path(target) : Path(bind);

    private static string Path(string path) => path.Length > 1 ? path.TrimEnd('/') : path;
}
