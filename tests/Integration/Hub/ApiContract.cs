using System.Collections.Concurrent;
using System.Net.Mime;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Json.Schema;

namespace DeployHub.Integration.Hub;

/// <summary>
/// Holds answers to what <c>/openapi.json</c> says: the status is one of the operation's, the body fits its schema and has nothing that the schema
/// does not know, the headers are named. One document for all servers of the process, since all are of one build.
/// </summary>
public sealed partial class ApiContract
{
    private const string ComponentPrefix = "#/components/schemas/";
    private static readonly EvaluationOptions Options = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    // Said to clients in general, not to those of the API.
    private static readonly HashSet<string> OfHttp = new(StringComparer.OrdinalIgnoreCase)
    {
        "Allow", "Cache-Control", "Connection", "Content-Length", "Content-Type", "Date", "Keep-Alive", "Transfer-Encoding", "Vary", "X-Content-Type-Options",
    };

    private static readonly SemaphoreSlim Reading = new(1);
    private static ApiContract? _known;

    private readonly JsonNode _document;
    private readonly JsonObject _schemas;
    private readonly ConcurrentDictionary<string, JsonSchema> _compiled = new();
    private readonly List<(Regex Path, string Template, JsonObject Operations)> _paths;

    private ApiContract(JsonNode document)
    {
        _document = document;
        _schemas = document["components"]!["schemas"]!.AsObject();
        foreach (var schema in _schemas.Select(x => x.Value!))
        {
            Close(schema);
        }

        Paths = document["paths"]!.AsObject();
        _paths = [.. Paths.Select(path => (
            new Regex("^" + IdInPath().Replace(path.Key, "[0-9a-fA-F-]{36}") + "/?$", RegexOptions.NonBacktracking), path.Key, path.Value!.AsObject()))];
    }

    public JsonObject Paths { get; }

    /// <summary>Reads the document from a server, once for the process.</summary>
    public static async Task<ApiContract> Of(HttpClient http)
    {
        if (_known is { } known)
        {
            return known;
        }

        await Reading.WaitAsync();
        try
        {
            return _known ??= new ApiContract(JsonNode.Parse(await http.GetStringAsync("/openapi.json"))!);
        }
        finally
        {
            Reading.Release();
        }
    }

    /// <summary>Fails when an answer is not what the document says. What has no operation is let through if it says so: 404 without a path, 405 without the method.</summary>
    public void Check(string method, string path, Answer answer)
    {
        var route = path.Split('?')[0];
        if (method == HttpMethod.Options.Method || !route.StartsWith("/api", StringComparison.Ordinal) && !route.StartsWith("/health", StringComparison.Ordinal))
        {
            return;
        }

        var what = $"{method} {path}: {answer.Status}";
        if (_paths.FirstOrDefault(x => x.Path.IsMatch(route)) is not { Operations: { } operations })
        {
            Assert.True(answer.Status == 404, $"{what} from an address that the document does not have.");
            return;
        }

        if (operations[method == HttpMethod.Head.Method ? "get" : method.ToLowerInvariant()] is not { } operation)
        {
            Assert.True(answer.Status == 405, $"{what} to a method that the document does not have there.");
            return;
        }

        Assert.True(operation["responses"]![$"{answer.Status}"] is not null, $"{what} is an answer that the document does not have: {answer.Text}");
        var said = Resolve(operation["responses"]![$"{answer.Status}"]!);
        CheckHeaders(what, said["headers"] as JsonObject ?? [], answer);
        if (method != HttpMethod.Head.Method)
        {
            CheckBody(what, said["content"] as JsonObject, answer);
        }
    }

    /// <summary>What does not fit the schema, or null.</summary>
    public string? Misfit(JsonNode schema, JsonNode? value)
    {
        var compiled = _compiled.GetOrAdd(schema.ToJsonString(), _ => Compile(schema));
        var results = compiled.Evaluate(value, Options);
        return results.IsValid ? null : string.Join("; ", results.Details.Where(x => x.HasErrors)
            .SelectMany(x => x.Errors!.Select(error => $"{x.InstanceLocation} {error.Key}: {error.Value}")).Take(8));
    }

    /// <summary>What a node that may be a reference stands for.</summary>
    public JsonNode Resolve(JsonNode node) =>
        (string?)node["$ref"] is { } path ? path.Split('/').Skip(1).Aggregate(_document, (at, part) => at[part]!) : node;

    private void CheckHeaders(string what, JsonObject named, Answer answer)
    {
        Assert.All(named, header => Assert.True((bool?)Resolve(header.Value!)["required"] != true || answer.Headers.ContainsKey(header.Key), $"{what} lacks the header {header.Key}."));
        Assert.All(answer.Headers.Keys.Where(name => !OfHttp.Contains(name)), name => Assert.True(
            named.Any(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)), $"{what} has the header {name}, which the document does not name."));
    }

    private void CheckBody(string what, JsonObject? content, Answer answer)
    {
        if (content is null)
        {
            Assert.True(answer.Text.Length == 0, $"{what} has a body where the document has none: {answer.Text}");
            return;
        }

        var type = answer.Headers.GetValueOrDefault("Content-Type", "").Split(';')[0];
        Assert.True(content[type] is not null, $"{what} is of the type «{type}», which the document does not have.");
        if (type == MediaTypeNames.Application.Json)
        {
            var misfit = Misfit(content[type]!["schema"]!, answer.Json);
            Assert.True(misfit is null, $"{what} does not fit its schema: {misfit}{Environment.NewLine}{answer.Text}");
        }
    }

    // With the components that it leads to, directly or not.
    private JsonSchema Compile(JsonNode schema)
    {
        var definitions = new JsonObject();
        var waiting = new Queue<JsonNode>([schema]);
        while (waiting.TryDequeue(out var next))
        {
            foreach (var name in References().Matches(next.ToJsonString()).Select(x => x.Groups[1].Value).Where(name => !definitions.ContainsKey(name)))
            {
                definitions[name] = _schemas[name]!.DeepClone();
                waiting.Enqueue(_schemas[name]!);
            }
        }

        var whole = schema.DeepClone().AsObject();
        whole["$defs"] = definitions;
        return JsonSchema.FromText(whole.ToJsonString().Replace(ComponentPrefix, "#/$defs/", StringComparison.Ordinal));
    }

    // A document lets answers grow; the tests want to know of what it does not describe.
    private static void Close(JsonNode? node)
    {
        if (node is JsonArray several)
        {
            several.ToList().ForEach(Close);
        }
        else if (node is JsonObject schema)
        {
            if (schema["properties"] is JsonObject && !schema.ContainsKey("additionalProperties"))
            {
                schema["additionalProperties"] = false;
            }

            schema.Select(x => x.Value).ToList().ForEach(Close);
        }
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex IdInPath();

    [GeneratedRegex("\"#/components/schemas/([^\"]+)\"")]
    private static partial Regex References();
}
