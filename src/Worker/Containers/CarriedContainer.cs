using System.Text.Json.Nodes;

namespace DeployHub.Worker.Containers;

/// <summary>Turns an inspection back into what a container is created from.</summary>
internal static class CarriedContainer
{
    private const string OwnLabels = "deployhub.";
    private const int ShortIdLength = 12;

    public static ContainerPlan Plan(JsonObject inspection, JsonObject settings, string image, IReadOnlyDictionary<string, string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        // As a whole: limits, devices, capabilities, logging, restart policy, ports, and what later engines add.
        var host = (JsonObject)inspection.Section("HostConfig").DeepClone();
        CarriedVolumes.Name(host, inspection);
        var networks = CarriedNetworks.Of(inspection, host);

        // com.docker.compose.image stays as well, though it names the old image: compose compares it with the image that its own file names. Changed or missing it would make the next
        // `compose up` put the file's old image back.
        settings["Labels"] = settings.Section("Labels").Where(label => !label.Key.StartsWith(OwnLabels, StringComparison.Ordinal) && !labels.ContainsKey(label.Key))
            .Concat(labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value))).ToJson();
        // The old image may have exposed what the new one does not: what is published is exposed in any case.
        settings["ExposedPorts"] = settings.Section("ExposedPorts").Concat(host.Section("PortBindings").Select(port => KeyValuePair.Create(port.Key, (JsonNode?)new JsonObject())))
            .DistinctBy(port => port.Key).ToJson();
        settings["Image"] = image;
        settings["HostConfig"] = host;
        DropWhatTheEngineChose(settings, inspection, host);
        if (networks is [var main, ..])
        {
            settings["NetworkingConfig"] = new JsonObject { ["EndpointsConfig"] = new JsonObject { [main.Network] = main.EndpointConfig } };
        }

        return new ContainerPlan(settings, [.. networks.Skip(1)]);
    }

    public static bool IsId(string text, JsonObject inspection) => text.Length >= ShortIdLength && inspection.Text("Id").StartsWith(text, StringComparison.Ordinal);

    private static void DropWhatTheEngineChose(JsonObject settings, JsonObject inspection, JsonObject host)
    {
        var inAnothersNetwork = NetworkModes.IsContainer(host.Text("NetworkMode"));
        // In another's network, or with the host's name, the inspection shows a hostname that the engine would refuse at the creation.
        if (IsId(settings.Text("Hostname"), inspection) || inAnothersNetwork || host.Text("UTSMode") == "host")
        {
            settings.Remove("Hostname");
        }

        if (inAnothersNetwork)
        {
            // Refused as well; what the other container exposes holds.
            settings.Remove("ExposedPorts");
        }
    }
}
