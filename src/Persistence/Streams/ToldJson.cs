using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using DeployHub.Contracts.Wire;

namespace DeployHub.Persistence.Streams;

/// <summary>Reads rows as the databases write them into entries: PostgreSQL's times have an offset, SQLite's a blank and no zone, and its truth is 0 or 1.</summary>
public static class ToldJson
{
    private static readonly JsonSerializerOptions Options = Make();

    /// <summary>The row that the entry tells of.</summary>
    /// <exception cref="JsonException">The entry holds something else.</exception>
    public static T Read<T>(this StreamEntry entry) =>
        JsonSerializer.Deserialize<T>(entry.Data, Options) ?? throw new JsonException($"Entry {entry.Number} of {entry.StreamId} holds nothing.");

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(WireWords.Json);
        options.Converters.Insert(0, new Times());
        options.Converters.Insert(0, new Truth());
        return options;
    }

    private sealed class Times : JsonConverter<DateTime>
    {
        public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => DateTime.Parse(
            reader.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

        public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) => throw new NotSupportedException("Rows are only read.");
    }

    private sealed class Truth : JsonConverter<bool>
    {
        public override bool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Number ? reader.GetInt32() != 0 : reader.GetBoolean();

        public override void Write(Utf8JsonWriter writer, bool value, JsonSerializerOptions options) => throw new NotSupportedException("Rows are only read.");
    }
}
