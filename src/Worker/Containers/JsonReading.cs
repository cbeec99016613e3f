using System.Text.Json.Nodes;

namespace DeployHub.Worker.Containers;

/// <summary>Reads the engine's JSON, in which Go writes null, an empty value or nothing for the same.</summary>
internal static class JsonReading
{
    public static string Text(this JsonObject json, string key) => json[key]?.GetValue<string>() ?? "";

    public static bool Flag(this JsonObject json, string key) => json[key]?.GetValue<bool>() ?? false;

    public static JsonObject Section(this JsonObject json, string key) => json[key] as JsonObject ?? [];

    public static IEnumerable<JsonObject> Sections(this JsonObject json, string key) => (json[key] as JsonArray ?? []).OfType<JsonObject>();

    public static IReadOnlyList<string> Texts(this JsonObject json, string key) => [.. (json[key] as JsonArray ?? []).OfType<JsonNode>().Select(item => item.GetValue<string>())];

    public static bool IsEmpty(this JsonNode? node) => node switch
    {
        null => true,
        JsonArray list => list.Count == 0,
        JsonObject map => map.Count == 0,
        JsonValue value => value.TryGetValue<string>(out var text) && text.Length == 0,
        _ => false,
    };

    public static JsonArray ToJson(this IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    /// <summary>The pairs as an object of their own; nodes are copied, because a node has one parent.</summary>
    public static JsonObject ToJson(this IEnumerable<KeyValuePair<string, JsonNode?>> pairs) =>
        new(pairs.Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));
}
