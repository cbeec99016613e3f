using System.Globalization;
using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>Reads what the engine's JSON holds, where Go writes null, an empty value or nothing for the same.</summary>
internal static class Json
{
    public static JsonNode? At(this JsonNode? node, string key) => (node as JsonObject)?[key];

    public static string Text(this JsonNode? node, string key) => node.At(key)?.GetValue<string>() ?? "";

    public static long Number(this JsonNode? node, string key) => node.At(key)?.GetValue<long>() ?? 0;

    public static bool Flag(this JsonNode? node, string key) => node.At(key)?.GetValue<bool>() ?? false;

    /// <summary>Go's zero time (year 1) means never.</summary>
    public static DateTimeOffset? Time(this JsonNode? node, string key) =>
        node.Text(key) is { Length: > 0 } text && Moment(text) is { Year: > 1 } time ? time : null;

    public static DateTimeOffset Moment(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    public static IEnumerable<JsonNode> Items(this JsonNode? node, string key) => (node.At(key) as JsonArray ?? []).OfType<JsonNode>();

    public static string[] Texts(this JsonNode? node, string key) => [.. node.Items(key).Select(item => item.GetValue<string>())];

    public static IReadOnlyDictionary<string, string> Map(this JsonNode? node, string key) =>
        (node.At(key) as JsonObject ?? []).ToDictionary(pair => pair.Key, pair => pair.Value?.GetValue<string>() ?? "", StringComparer.Ordinal);
}
