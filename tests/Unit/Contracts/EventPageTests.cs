using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using DeployHub.ContractDocs;
using DeployHub.Contracts.Channels;
using DeployHub.Contracts.Commands;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;
using DeployHub.Persistence.Messaging;

namespace DeployHub.Unit.Contracts;

/// <summary>Every public event has its way, and docs/events.md has an example of each that is made from its type.</summary>
public sealed partial class EventPageTests
{
    private const string Marker = "<!-- From here on the page is made from the types by a test (EventPageTests), which holds it to them. -->\n";
    private const string WriteSetting = "DEPLOYHUB_WRITE_DOCS";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string PagePath { get; } = Path.Combine(FindRoot(), "docs", "events.md");

    [Fact]
    public void Every_public_event_has_a_row_and_every_row_another_key()
    {
        var events = typeof(EventChannels).Assembly.GetExportedTypes()
            .Where(x => x.GetProperties().Any(y => y.PropertyType == typeof(PlanEventFacts) || y.PropertyType == typeof(BatchEventFacts)))
            .Append(typeof(CommandAccepted)).Append(typeof(CommandRefused)).ToList();

        Assert.Equal(events.Select(x => x.Name).Order(), EventChannels.All.Select(x => x.Type.Name).Order());
        Assert.Distinct(EventChannels.All.Select(x => x.CloudEventType));
        Assert.All(EventChannels.All, x => Assert.Matches("^[a-z-]+\\.[a-z-]+$", $"{x.Noun}.{x.Verb}"));
    }

    [Fact]
    public void Every_public_command_has_a_queue() => Assert.Equal(
        typeof(CommandChannels).Assembly.GetExportedTypes().Where(x => x.GetProperty(nameof(DeployContainerImage.IdempotencyKey)) is not null && x.GetProperty("Status") is null).Select(x => x.Name).Order(),
        CommandChannels.All.Select(x => x.Type.Name).Order());

    [Theory]
    [InlineData("production", "production")]
    [InlineData("Production EU", "production-eu")]
    [InlineData("eu / west_1 (new)", "eu-west_1-new-")]
    [InlineData("Köln", "k-ln")]
    [InlineData("a.b#*", "a-b-")]
    [InlineData("東京", "-")]
    [InlineData(null, "unknown")]
    [InlineData("", "unknown")]
    public void A_name_is_made_fit_for_a_routing_key(string? name, string key) => Assert.Equal(key, EventChannels.KeyOf(name));

    [Fact]
    public void The_page_has_every_event_as_its_type_is()
    {
        var page = File.ReadAllText(PagePath);
        var head = page[..(page.IndexOf(Marker, StringComparison.Ordinal) + Marker.Length)];
        var made = head + Generated();
        if (Environment.GetEnvironmentVariable(WriteSetting) == "1")
        {
            File.WriteAllText(PagePath, made);
        }

        Assert.True(made == File.ReadAllText(PagePath), $"docs/events.md is not what the types say. Run this test with {WriteSetting}=1 and commit the page.");
    }

    private static string Generated()
    {
        var summaries = XDocument.Load(Path.ChangeExtension(typeof(EventChannels).Assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(x => (string)x.Attribute("name")!, x => Spaces().Replace(Text(x.Element("summary")!), " ").Trim());
        var page = new StringBuilder("\n## Every event, with an example\n");
        foreach (var channel in EventChannels.All)
        {
            var body = CloudEvent.Of(channel, Samples.MessageId, Samples.TraceParent, Samples.Of(channel)).Body;
            page.Append($"\n### {channel.Noun}.{channel.Verb}\n\n{summaries[$"T:{channel.Type.FullName}"]}\n\n")
                .Append($"Routing key `{channel.RoutingKey(Samples.EnvironmentName)}`, exchange of MassTransit `{channel.Exchange}`.\n\n")
                .Append($"```json\n{JsonSerializer.Serialize(JsonDocument.Parse(body).RootElement, Readable)}\n```\n");
        }

        return page.ToString();
    }

    private static string Text(XElement summary) => string.Concat(summary.Nodes().Select(node => node switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => $"`{((string)see.Attribute("cref")!).Split('.')[^1]}`",
        XElement other => other.Value,
        _ => node.ToString(),
    }));

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DeployHub.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The tests run outside of the repository.");
    }
}
