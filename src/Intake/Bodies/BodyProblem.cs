using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using DeployHub.Contracts.Wire;

namespace DeployHub.Intake.Bodies;

/// <summary>Turns what the serializer says of a body that does not fit into the field and the rule.</summary>
internal static partial class BodyProblem
{
    public static Refusal Explain(JsonException e, Type type, JsonSerializerOptions options)
    {
        var path = (e.Path ?? "$").TrimStart('$').TrimStart('.');
        if (Unmapped().Match(e.Message) is { Success: true } unknown)
        {
            var name = unknown.Groups[1].Value;
            return Refusal.Invalid(Join(ParentOf(path, name), name), "is not a field of this request.", "Names are exact, also in upper and lower case.");
        }

        if (Duplicate().Match(e.Message) is { Success: true } twice)
        {
            var name = twice.Groups[1].Value;
            return Refusal.Invalid(Join(ParentOf(path, name), name), "is given twice.");
        }

        if (Missing().Match(e.Message) is { Success: true } missing)
        {
            return Refusal.Invalid(Join(path, missing.Groups[1].Value), "is required.");
        }

        return path.Length == 0
            ? Refusal.Unfit("The body does not fit what is expected.")
            : Refusal.Invalid(path, $"must be {Describe(TypeAt(path, type, options))}.");
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string ParentOf(string path, string name) =>
        path == name ? "" : path.EndsWith($".{name}", StringComparison.Ordinal) ? path[..^(name.Length + 1)] : path;

    // Follows a path like container.ports[0].hostPort through the types.
    private static Type? TypeAt(string path, Type type, JsonSerializerOptions options)
    {
        Type? at = type;
        foreach (Match part in Parts().Matches(path))
        {
            var info = at is null ? null : options.GetTypeInfo(at);
            var name = part.Groups["key"].Success ? part.Groups["key"].Value : part.Groups["name"].Value;
            at = info?.Kind switch
            {
                JsonTypeInfoKind.Object => info.Properties.FirstOrDefault(property => property.Name == name)?.PropertyType,
                JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary => info.ElementType,
                _ => null,
            };
        }

        return at is null ? null : Nullable.GetUnderlyingType(at) ?? at;
    }

    private static string Describe(Type? type) => type switch
    {
        null => "of another type",
        _ when type == typeof(string) => "a string",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(int) || type == typeof(long) => "a whole number",
        _ when type == typeof(double) => "a number",
        _ when type == typeof(Guid) => "an id (a UUID)",
        _ when type == typeof(DateTime) => "a time, as in 2026-01-31T10:00:00Z",
        { IsEnum: true } => "one of " + string.Join(", ", Enum.GetNames(type).Select(name => $"«{JsonNamingPolicy.SnakeCaseLower.ConvertName(name)}»")),
        _ => WireWords.Json.GetTypeInfo(type).Kind == JsonTypeInfoKind.Enumerable ? "a list" : "an object",
    };

    [GeneratedRegex("property '([^']*)' could not be mapped")]
    private static partial Regex Unmapped();

    [GeneratedRegex("[Dd]uplicate property '([^']*)'")]
    private static partial Regex Duplicate();

    [GeneratedRegex("missing required properties including: '([^']*)'")]
    private static partial Regex Missing();

    [GeneratedRegex(@"\['(?<key>[^']*)'\]|\[[0-9]+\]|(?<name>[^.\[\]]+)")]
    private static partial Regex Parts();
}
