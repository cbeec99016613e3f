using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployHub.Contracts.Wire;

namespace DeployHub.ContractDocs;

/// <summary>The committed documents of the public messages, as they are generated from the types.</summary>
public static class ContractFiles
{
    public const string Snapshot = "snapshot.json";
    public const string AsyncApiDocument = "asyncapi.json";
    public const string Command = "command";
    private const string Event = "event";
    private const string Schemas = "schemas";

    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    /// <summary>The messages as a snapshot holds them.</summary>
    public static JsonObject Messages() => new(PublicMessages.All.Select(message => KeyValuePair.Create(
        message.Type.FullName!,
        (JsonNode?)new JsonObject { ["kind"] = message.IsCommand ? Command : Event, ["schema"] = MessageSchemas.Of(message) })));

    /// <summary>Every file by its path below the folder, with its text.</summary>
    public static SortedDictionary<string, string> Generate()
    {
        var version = typeof(WireWords).Assembly.GetName().Version!.ToString(fieldCount: 3);
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            [AsyncApiDocument] = Text(AsyncApi.Document(version)),
            [Snapshot] = Text(Messages()),
        };
        foreach (var message in PublicMessages.All)
        {
            var schema = MessageSchemas.Of(message);
            schema.Insert(0, "$schema", MessageSchemas.Dialect);
            schema.Insert(1, "title", message.Type.Name);
            files[$"{Schemas}/{message.Type.Name}.json"] = Text(schema);
        }

        return files;
    }

    /// <summary>Writes the files. A change that breaks is listed and, unless it is meant, nothing is written.</summary>
    public static int Write(string folder, bool breaking)
    {
        var snapshot = Path.Combine(folder, Snapshot);
        if (!breaking && File.Exists(snapshot)
            && ContractBreaks.Find(JsonNode.Parse(File.ReadAllText(snapshot))!.AsObject(), Messages()) is { Count: > 0 } breaks)
        {
            Console.Error.WriteLine("Nothing was written: this change breaks programs that were built on the messages as they are.");
            breaks.ForEach(one => Console.Error.WriteLine($"  {one}"));
            Console.Error.WriteLine("Add a field or a message beside the old one instead (docs/contracts.md), or, where the break is meant, run this again with --breaking.");
            return 1;
        }

        var schemas = Path.Combine(folder, Schemas);
        if (Directory.Exists(schemas))
        {
            Directory.Delete(schemas, recursive: true);
        }

        Directory.CreateDirectory(schemas);
        foreach (var (path, text) in Generate())
        {
            File.WriteAllText(Path.Combine(folder, path), text);
        }

        return 0;
    }

    private static string Text(JsonNode node) => node.ToJsonString(Layout) + "\n";
}
