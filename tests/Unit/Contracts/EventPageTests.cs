using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
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

    // What an example shows for a field of this name; all other fields show what their type gives.
    private static readonly Dictionary<string, object?> Examples = new()
    {
        ["planId"] = Id(1), ["batchId"] = Id(2), ["environmentId"] = Id(3), ["stepId"] = Id(4), ["serviceId"] = Id(5), ["serverId"] = Id(6), ["targetId"] = Id(7),
        ["configFileId"] = Id(8), ["supersededBy"] = Id(9), ["environmentName"] = "Production EU", ["imageName"] = "registry.example.com/shop/web", ["imageTag"] = "v2",
        ["imageDigest"] = Digest('b'), ["fromDigest"] = Digest('a'), ["fromHash"] = Digest('c'), ["toHash"] = Digest('d'), ["serviceName"] = "shop-web", ["serverName"] = "web-1",
        ["containerName"] = "shop-web", ["path"] = "/etc/shop/shop.conf", ["cancelledBy"] = "ci", ["account"] = "ci-queue", ["correlationId"] = "7", ["idempotencyKey"] = "build-7",
        ["command"] = "deploy-container-image", ["field"] = "imageTag", ["hint"] = null, ["health"] = "HTTP 503", ["logTail"] = "listening on 8080\n", ["exitCode"] = null,
        ["sequence"] = 3, ["totalSteps"] = 2, ["operationIndex"] = 0, ["replayed"] = false,
    };

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
            var message = Make(channel.Type, channel.Verb);
            var body = CloudEvent.Of(channel, Id(0), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", message).Body;
            page.Append($"\n### {channel.Noun}.{channel.Verb}\n\n{summaries[$"T:{channel.Type.FullName}"]}\n\n")
                .Append($"Routing key `{channel.RoutingKey((string?)Examples["environmentName"])}`, exchange of MassTransit `{channel.Exchange}`.\n\n")
                .Append($"```json\n{JsonSerializer.Serialize(JsonDocument.Parse(body).RootElement, Readable)}\n```\n");
        }

        return page.ToString();
    }

    private static object Make(Type type, string verb)
    {
        var constructor = type.GetConstructors().MaxBy(x => x.GetParameters().Length)!;
        return constructor.Invoke([.. constructor.GetParameters().Select(x => Value(x, type, verb))]);
    }

    private static object? Value(ParameterInfo parameter, Type type, string verb)
    {
        var name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);
        if (name is "status" or "code" or "message")
        {
            return Word(name, type, verb);
        }

        // An answer is about a plan here, and so about no batch.
        if (name == "batchId" && type == typeof(CommandAccepted))
        {
            return null;
        }

        return Examples.TryGetValue(name, out var example) ? example
            : parameter.ParameterType == typeof(DateTime) ? new DateTime(2026, 1, 31, 10, 0, 3, 120, DateTimeKind.Utc)
            : parameter.ParameterType.IsClass && parameter.ParameterType != typeof(string) ? Make(parameter.ParameterType, verb)
            : throw new InvalidOperationException($"There is no example for «{name}» of {type.Name}.");
    }

    private static string Word(string name, Type type, string verb) => (name, type.Name) switch
    {
        ("status", nameof(PlanEventFacts)) => verb is "started" or "deployed" or "deploy-failed" ? "running" : verb is "rollback-failed" ? "rolling_back" : verb.Replace('-', '_'),
        ("status", nameof(BatchEventFacts)) => verb is "synced" or "sync-failed" ? "running" : verb is "restored" ? "rolling_back" : verb is "completed" ? "ok" : verb.Replace('-', '_'),
        ("status", nameof(StepEventFacts)) => verb is "deployed" ? "success" : verb is "deploy-failed" ? "failed" : verb.Replace('-', '_'),
        ("status", nameof(TargetEventFacts)) => verb is "synced" ? "written" : verb is "sync-failed" ? "failed" : "restored",
        ("status", _) => verb,
        ("code", nameof(DeploymentError)) => verb is "rollback-failed" ? DeploymentErrorCodes.RestoreFailed : DeploymentErrorCodes.Unhealthy,
        ("code", nameof(SyncError)) => SyncErrorCodes.ReadOnly,
        ("code", _) => DeployHub.Contracts.Errors.ErrorCodes.ValidationError,
        ("message", nameof(DeploymentError)) => "The container «shop-web» on the server «web-1» did not become healthy: HTTP 503. Read «health» and «logTail».",
        ("message", nameof(SyncError)) => "The folder «/etc/shop» on the server «web-1» is read-only. Mount it writable, then send the batch again.",
        _ => "«imageTag» must be a string.",
    };

    private static string Text(XElement summary) => string.Concat(summary.Nodes().Select(node => node switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => $"`{((string)see.Attribute("cref")!).Split('.')[^1]}`",
        XElement other => other.Value,
        _ => node.ToString(),
    }));

    private static Guid Id(int number) => Guid.Parse($"01a20040-3c8c-7573-ac37-{number:d12}");

    private static string Digest(char digit) => "sha256:" + new string(digit, 64);

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
