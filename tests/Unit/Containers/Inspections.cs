using System.Text.Json.Nodes;

namespace DeployHub.Unit.Containers;

/// <summary>What an engine (20.10.24, API 1.41) showed of real containers and their image, cut down to what matters.</summary>
internal static class Inspections
{
    public const string Id = "6e07778a3d8f85e62cc8b7f85143981a8ae0c1650cf8193af5fd129fb3728b2d";
    public const string ShortId = "6e07778a3d8f";
    public const string AnonymousOfImage = "7448f1219094c7905f43dc71c428ac069e9a64594fd0c7e1c5570f52a1a458a5";
    public const string AnonymousOfUser = "ddbd5d31c0d12d0ce1a3c09fb4f0c254bf3d4242b0fa6a7014279b7e92bf7b81";

    public static readonly IReadOnlyDictionary<string, string> Labels = new Dictionary<string, string> { ["deployhub.service"] = "web" };

    public static JsonObject Image() => Parse("""
        {
          "ExposedPorts": {"8080/tcp": {}}, "Env": ["PATH=/bin", "A=1", "B=2"], "Cmd": ["/bin/busybox", "httpd", "-f", "-p", "8080"], "Volumes": {"/anon": {}}, "WorkingDir": "/w",
          "Labels": {"com.example.v": "1", "img": "one"}, "StopSignal": "SIGKILL", "Healthcheck": {"Test": ["CMD", "/bin/busybox", "true"], "Interval": 5000000000}
        }
        """);

    /// <summary>Made from <see cref="Image"/> with <c>docker run</c> and nothing but a name.</summary>
    public static JsonObject Plain() => Parse("""
        {
          "Id": "6e07778a3d8f85e62cc8b7f85143981a8ae0c1650cf8193af5fd129fb3728b2d", "Name": "/web", "State": {"Status": "running", "Running": true},
          "HostConfig": {"Binds": null, "NetworkMode": "default", "PortBindings": {}, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "AutoRemove": false, "Links": null, "Init": true,
            "LogConfig": {"Type": "json-file", "Config": {}}, "Memory": 67108864, "UTSMode": "", "Ulimits": [{"Name": "nofile", "Hard": 200, "Soft": 100}], "MaskedPaths": ["/proc/kcore"]},
          "Mounts": [{"Type": "volume", "Name": "7448f1219094c7905f43dc71c428ac069e9a64594fd0c7e1c5570f52a1a458a5", "Destination": "/anon", "Driver": "local", "Mode": "", "RW": true}],
          "Config": {"Hostname": "6e07778a3d8f", "Domainname": "", "User": "", "Tty": false, "ExposedPorts": {"8080/tcp": {}}, "Env": ["PATH=/bin", "A=1", "B=2"],
            "Cmd": ["/bin/busybox", "httpd", "-f", "-p", "8080"], "Healthcheck": {"Test": ["CMD", "/bin/busybox", "true"], "Interval": 5000000000}, "Image": "app:v1", "Volumes": {"/anon": {}},
            "WorkingDir": "/w", "Entrypoint": null, "OnBuild": null, "Labels": {"com.example.v": "1", "img": "one"}, "StopSignal": "SIGKILL"},
          "NetworkSettings": {"Networks": {"bridge": {"IPAMConfig": null, "Links": null, "Aliases": null, "NetworkID": "077b3844cee0", "EndpointID": "5e7cd63c402e", "Gateway": "10.99.0.1",
            "IPAddress": "10.99.0.3", "IPPrefixLen": 24, "MacAddress": "02:42:0a:63:00:03", "DriverOpts": null}}}
        }
        """);

    /// <summary><see cref="Plain"/> with other members.</summary>
    public static JsonObject With(string section, string members)
    {
        var inspection = Plain();
        foreach (var (key, value) in Parse(members))
        {
            inspection[section]![key] = value?.DeepClone();
        }

        return inspection;
    }

    /// <summary><see cref="Image"/> with other members.</summary>
    public static JsonObject ImageWith(string members)
    {
        var image = Image();
        foreach (var (key, value) in Parse(members))
        {
            image[key] = value?.DeepClone();
        }

        return image;
    }

    public static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
