using System.Text.Json;

namespace DeployHub.Intake.Bodies;

/// <summary>What can be said of a body before it is anything.</summary>
public static class BodyScan
{
    /// <summary>It is an object, in JSON to the letter, and holds no NUL characters, which PostgreSQL cannot store.</summary>
    public static Refusal? Check(ReadOnlySpan<byte> body, int deepest)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = deepest });
        try
        {
            for (var first = true; reader.Read(); first = false)
            {
                if (first && reader.TokenType != JsonTokenType.StartObject)
                {
                    return Refusal.Unfit("The body must be a JSON object.");
                }

                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped && reader.GetString()!.Contains('\0'))
                {
                    return Refusal.Unfit("The body holds a NUL character (\\u0000), which no field takes.");
                }
            }

            return null;
        }
        catch (JsonException e)
        {
            return Refusal.Unfit(
                $"The body is not valid JSON: line {e.LineNumber + 1}, position {e.BytePositionInLine + 1}.",
                "JSON takes double quotes, no comments and no trailing commas.");
        }
        catch (InvalidOperationException)
        {
            return Refusal.Unfit("The body holds half a surrogate pair (\\ud800 to \\udfff), which is no character.");
        }
    }

    /// <summary>The names of the object's own properties.</summary>
    public static HashSet<string> TopNames(ReadOnlySpan<byte> body)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(body);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1)
            {
                names.Add(reader.GetString()!);
                reader.Skip();
            }
        }

        return names;
    }
}
