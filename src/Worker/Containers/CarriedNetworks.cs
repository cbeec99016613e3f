using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace DeployHub.Worker.Containers;

/// <summary>The networks of an inspected container, as they were asked for.</summary>
internal static class CarriedNetworks
{
    // The other members are what the engine chose.
    private static readonly string[] AskedFor = ["IPAMConfig", "Links", "DriverOpts", "GwPriority"];

    /// <summary>The main network first. Sets the network mode in <paramref name="host"/> to it when the container has been moved to other networks since it was made.</summary>
    public static IReadOnlyList<NetworkAttachment> Of(JsonObject inspection, JsonObject host)
    {
        var mode = host.Text("NetworkMode");
        if (!NetworkModes.HasOwnNetworks(mode))
        {
            return [];
        }

        var attached = inspection.Section("NetworkSettings").Section("Networks").Select(network => (Name: network.Key, Settings: network.Value as JsonObject ?? [])).ToArray();
        // Disconnected from all its networks it stays so: by its mode the engine would connect the new one.
        var wanted = NetworkModes.Network(mode);
        var main = attached.FirstOrDefault(network => network.Name == wanted || network.Settings.Text("NetworkID") == wanted);
        if (main.Name is null)
        {
            main = attached.FirstOrDefault();
            host["NetworkMode"] = main.Name ?? NetworkModes.None;
        }

        return [.. attached.OrderByDescending(network => network.Name == main.Name).Select(network => new NetworkAttachment(network.Name, Endpoint(network.Settings, inspection)))];
    }

    private static JsonObject Endpoint(JsonObject settings, JsonObject inspection)
    {
        var endpoint = settings.Where(pair => AskedFor.Contains(pair.Key) && !pair.Value.IsEmpty()).ToJson();
        // The engine adds the id to the aliases by itself; another container's would lead to the new one.
        string[] aliases = [.. settings.Texts("Aliases").Where(alias => !CarriedContainer.IsId(alias, inspection))];
        if (aliases.Length > 0)
        {
            endpoint["Aliases"] = aliases.ToJson();
        }

        // Engines before API 1.44 keep an asked-for MAC address in Config.MacAddress and ignore this one. Later ones show it here alone, and a generated one alike: what is not derived
        // from the address that the engine chose comes along, for a random one does no harm and a lost one does.
        var mac = settings.Text("MacAddress");
        if (mac.Length > 0 && mac != Derived(settings.Text("IPAddress")))
        {
            endpoint["MacAddress"] = mac;
        }

        return endpoint;
    }

    // As engines generate it up to version 27: 02:42 and the four bytes of the IPv4 address.
    private static string Derived(string address) =>
        IPAddress.TryParse(address, out var ip) ? $"02:42:{string.Join(':', ip.GetAddressBytes().Select(part => part.ToString("x2", CultureInfo.InvariantCulture)))}" : "";
}
