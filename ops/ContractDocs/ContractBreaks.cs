using System.Text.Json.Nodes;

namespace DeployHub.ContractDocs;

/// <summary>
/// Finds what of a change of the messages would break a program that was built on the former ones. Who reads an event must find all that it
/// found before, in the shapes that it knows; who sends a command must be taken with all that was taken before.
/// </summary>
public static class ContractBreaks
{
    /// <summary>Every break, as a sentence; empty when the change only adds.</summary>
    /// <param name="former">Message name to its kind and schema, as published.</param>
    /// <param name="now">The same as it would be.</param>
    public static List<string> Find(JsonObject former, JsonObject now)
    {
        var breaks = new List<string>();
        foreach (var (name, message) in former)
        {
            if (now[name] is not { } current)
            {
                breaks.Add($"{name} is gone.");
            }
            else if ((string)message!["kind"]! != (string)current["kind"]!)
            {
                breaks.Add($"{name} is now of the kind {current["kind"]}.");
            }
            else
            {
                Compare(name, message["schema"]!.AsObject(), current["schema"]!.AsObject(), (string)message["kind"]! == ContractFiles.Command, breaks);
            }
        }

        return breaks;
    }

    private static void Compare(string path, JsonObject former, JsonObject now, bool isCommand, List<string> breaks)
    {
        CompareTypes(path, former, now, isCommand, breaks);
        CompareWords(path, former, now, isCommand, breaks);
        var (required, requiredNow) = (Names(former["required"]), Names(now["required"]));
        var fields = former["properties"] as JsonObject ?? [];
        var fieldsNow = now["properties"] as JsonObject ?? [];
        foreach (var (field, schema) in fields)
        {
            if (fieldsNow[field] is not JsonObject current)
            {
                breaks.Add($"{path}.{field} is gone.");
                continue;
            }

            if (isCommand ? requiredNow.Contains(field) && !required.Contains(field) : required.Contains(field) && !requiredNow.Contains(field))
            {
                breaks.Add(isCommand ? $"{path}.{field} has become required." : $"{path}.{field} is no longer always there.");
            }

            Compare($"{path}.{field}", schema!.AsObject(), current, isCommand, breaks);
        }

        if (isCommand)
        {
            breaks.AddRange(requiredNow.Where(field => !fields.ContainsKey(field)).Select(field => $"{path}.{field} is new and required."));
        }

        if (isCommand && former["default"] is { } value && !JsonNode.DeepEquals(value, now["default"]))
        {
            breaks.Add($"{path} was {value.ToJsonString()} where it was left out and is {now["default"]?.ToJsonString() ?? "null"} now.");
        }

        if (former["items"] is JsonObject items)
        {
            Compare($"{path}[]", items, now["items"] as JsonObject ?? [], isCommand, breaks);
        }
    }

    private static void CompareTypes(string path, JsonObject former, JsonObject now, bool isCommand, List<string> breaks)
    {
        var (types, typesNow) = (Names(former["type"]), Names(now["type"]));
        if (isCommand ? !types.IsSubsetOf(typesNow) : !typesNow.IsSubsetOf(types))
        {
            breaks.Add(types.Contains("null") == typesNow.Contains("null")
                ? $"{path} was of the type {string.Join(" or ", types)} and is of the type {string.Join(" or ", typesNow)}."
                : isCommand ? $"{path} no longer takes null." : $"{path} can now be null.");
        }

        if ((string?)former["format"] != (string?)now["format"])
        {
            breaks.Add($"{path} had the format {(string?)former["format"] ?? "none"} and has the format {(string?)now["format"] ?? "none"}.");
        }
    }

    private static void CompareWords(string path, JsonObject former, JsonObject now, bool isCommand, List<string> breaks)
    {
        if (former["enum"] is JsonArray words && (now["enum"] is JsonArray || !isCommand))
        {
            var left = now["enum"] is JsonArray current ? Names(current) : [];
            breaks.AddRange(Names(words).Where(word => word.Length > 0 && !left.Contains(word)).Select(word => $"{path} no longer has the word «{word}»."));
        }
        else if (isCommand && former["enum"] is null && now["enum"] is not null)
        {
            breaks.Add($"{path} takes certain words alone now.");
        }
    }

    private static HashSet<string> Names(JsonNode? names) => names switch
    {
        JsonArray several => [.. several.Select(name => (string?)name ?? "")],
        null => [],
        _ => [(string)names!],
    };
}
