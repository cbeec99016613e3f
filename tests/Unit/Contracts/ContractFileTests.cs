using System.Text.Json.Nodes;
using DeployHub.ContractDocs;
using DeployHub.Contracts.Channels;
using DeployHub.Servers;

namespace DeployHub.Unit.Contracts;

/// <summary>The committed documents of the messages against the types.</summary>
public class ContractFileTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "docs", "contracts");

    [Fact]
    public void No_message_has_changed_so_that_a_program_would_break() =>
        Assert.Empty(ContractBreaks.Find(JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, ContractFiles.Snapshot)))!.AsObject(), ContractFiles.Messages()));

    [Fact]
    public void The_committed_documents_are_what_is_generated_from_the_types()
    {
        var generated = ContractFiles.Generate();
        var committed = Directory.EnumerateFiles(Folder, "*.json", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder, file)).Order(StringComparer.Ordinal);
        Assert.True(generated.Keys.SequenceEqual(committed), "docs/contracts holds other files than are generated; run ops/contracts.");
        Assert.All(generated, file => Assert.True(
            file.Value == File.ReadAllText(Path.Combine(Folder, file.Key)), $"docs/contracts/{file.Key} is not what is generated from the types; run ops/contracts."));
    }

    [Fact]
    public void Every_field_of_every_message_says_what_it_is()
    {
        var messages = ContractFiles.Messages();
        Assert.Equal(EventChannels.All.Count + CommandChannels.All.Count, messages.Count);
        Assert.All(messages, message => Described(message.Key, message.Value!["schema"]!.AsObject()));
    }

    private static void Described(string path, JsonObject schema)
    {
        Assert.False(string.IsNullOrWhiteSpace((string?)schema["description"]), $"{path} is not described.");
        if (schema["items"] is JsonObject { } items && items["properties"] is not null)
        {
            Described($"{path}[]", items);
        }

        foreach (var (name, property) in schema["properties"] as JsonObject ?? [])
        {
            Described($"{path}.{name}", property!.AsObject());
        }
    }
}
