using System.Text.Json.Nodes;
using DeployHub.Contracts.Channels;
using DeployHub.Contracts.Commands;

namespace DeployHub.ContractDocs;

/// <summary>The answers to commands in the document: plain JSON to whoever sent plain JSON, an envelope to whoever asked with MassTransit.</summary>
internal static class AsyncReplies
{
    public const string Channel = "replies";

    private static readonly EventChannel[] Answers = [EventChannels.Find(typeof(CommandAccepted))!, EventChannels.Find(typeof(CommandRefused))!];

    public static string[] PlainMessages { get; } = [.. Answers.Select(answer => $"{answer.Noun}.{answer.Verb}.reply")];

    public static string[] EnvelopedMessages { get; } = [.. Answers.Select(answer => $"{answer.Type.Name}.reply")];

    public static void Add(AsyncApiParts parts)
    {
        foreach (var (answer, plain, enveloped) in Answers.Zip(PlainMessages, EnvelopedMessages))
        {
            (parts.Messages[plain], parts.Messages[enveloped]) = (Plain(answer, plain), Enveloped(answer, enveloped));
        }

        parts.Channel(Channel, new JsonObject
        {
            ["address"] = null,
            ["title"] = Channel,
            ["description"] = "The answer to one command, sent over the default exchange to the queue that the command named. It is told to all who subscribe as well.",
            ["bindings"] = AsyncApi.Exchange("", "default"),
        }, [.. PlainMessages, .. EnvelopedMessages]);
    }

    private static JsonObject Plain(EventChannel answer, string name) => new()
    {
        ["name"] = name,
        ["title"] = name,
        ["summary"] = MessageSchemas.Summary(answer.Type),
        ["contentType"] = AsyncApi.Json,
        ["headers"] = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                ["correlation_id"] = new JsonObject { ["type"] = "string", ["description"] = "AMQP's property: the command's own, as it came." },
                ["traceparent"] = new JsonObject { ["type"] = "string", ["description"] = "A header: the W3C trace context that the command belongs to." },
            },
        },
        ["payload"] = AsyncApi.Ref($"components/schemas/{answer.Type.Name}"),
        ["correlationId"] = new JsonObject { ["location"] = "$message.header#/correlation_id" },
        ["bindings"] = AsyncApi.Binding(new JsonObject { ["messageType"] = answer.CloudEventType }),
        ["examples"] = new JsonArray(new JsonObject
        {
            ["name"] = name, ["headers"] = new JsonObject { ["correlation_id"] = Samples.CorrelationId }, ["payload"] = Samples.Json(answer),
        }),
    };

    private static JsonObject Enveloped(EventChannel answer, string name)
    {
        var example = Envelopes.Example(answer.Exchange, Samples.Json(answer));
        example["requestId"] = Samples.RequestId;
        return new JsonObject
        {
            ["name"] = name,
            ["title"] = name,
            ["summary"] = MessageSchemas.Summary(answer.Type),
            ["contentType"] = AsyncApi.MassTransit,
            ["payload"] = Envelopes.MassTransit(answer.Exchange, answer.Type.Name, "messageId", "requestId"),
            ["correlationId"] = new JsonObject { ["location"] = "$message.payload#/requestId" },
            ["bindings"] = AsyncApi.Binding(new JsonObject { ["messageType"] = answer.CloudEventType }),
            ["examples"] = new JsonArray(new JsonObject { ["name"] = name, ["payload"] = example }),
        };
    }
}
