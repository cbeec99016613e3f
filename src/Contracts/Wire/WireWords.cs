using System.Text.Json;
using System.Text.Json.Serialization;

namespace DeployHub.Contracts.Wire;

/// <summary>How words and values look on the wire: camelCase names, snake_case enum words, UTC times in ISO 8601 with milliseconds.</summary>
public static class WireWords
{
    /// <summary>The options that every JSON document of DeployHub is written with.</summary>
    public static JsonSerializerOptions Json { get; } = Make();

    /// <summary>The word of an enum value on the wire: <c>RolledBack</c> is <c>rolled_back</c>.</summary>
    /// <typeparam name="T">An enum of this package.</typeparam>
    /// <param name="value">The value.</param>
    public static string Word<T>(this T value) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>The enum value of a word of the wire, or null when there is none.</summary>
    /// <typeparam name="T">An enum of this package.</typeparam>
    /// <param name="word">The word, in snake case.</param>
    public static T? Find<T>(string word) where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (value.Word() == word)
            {
                return value;
            }
        }

        return null;
    }

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            NumberHandling = JsonNumberHandling.Strict,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.Converters.Add(new UtcTimeConverter());

        // Complete from the start: what only asks for the properties of a type may come before anything was written.
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private sealed class UtcTimeConverter : JsonConverter<DateTime>
    {
        public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDateTime().ToUniversalTime();

        public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));
    }
}
