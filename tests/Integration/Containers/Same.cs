using System.Text.Json.Nodes;
using Xunit;

namespace DeployHub.Integration.Containers;

internal static class Same
{
    /// <summary>Compares two inspections' members one by one, except those named.</summary>
    public static void Members(JsonNode? expected, JsonNode? seen, params string[] except)
    {
        var (one, other) = (expected!.AsObject(), seen!.AsObject());
        foreach (var key in one.Select(pair => pair.Key).Union(other.Select(pair => pair.Key)).Except(except))
        {
            Assert.True(JsonNode.DeepEquals(one[key], other[key]), $"{key}: expected {one[key]?.ToJsonString() ?? "null"}, seen {other[key]?.ToJsonString() ?? "null"}");
        }
    }

    /// <summary>Where which volume or folder is mounted, and how.</summary>
    public static string[] Mounts(JsonObject inspection) =>
        [.. inspection["Mounts"]!.AsArray().Select(mount => $"{mount!["Type"]} {mount["Name"]} {mount["Source"]} {mount["Destination"]} {mount["RW"]} {mount["Propagation"]}").Order(StringComparer.Ordinal)];

    /// <summary>The settings of each network that somebody asked for.</summary>
    public static string[] Networks(JsonObject inspection)
    {
        var id = inspection["Id"]!.GetValue<string>();
        return [.. inspection["NetworkSettings"]!["Networks"]!.AsObject().Select(network =>
            $"{network.Key} {network.Value!["IPAMConfig"]?["IPv4Address"]} {network.Value["Links"]?.ToJsonString()} {string.Join(' ', Aliases(network.Value).Where(alias => !id.StartsWith(alias, StringComparison.Ordinal)))}")];
    }

    public static IEnumerable<string> Aliases(JsonNode network) => (network["Aliases"] as JsonArray ?? []).Select(alias => alias!.GetValue<string>());
}
