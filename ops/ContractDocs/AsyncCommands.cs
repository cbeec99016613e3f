using System.Text.Json.Nodes;
using DeployHub.Contracts.Channels;

namespace DeployHub.ContractDocs;

/// <summary>One command in the document: as plain JSON and in MassTransit's envelope, over the same exchange, with where its answer goes.</summary>
internal static class AsyncCommands
{
    public static void Add(AsyncApiParts parts, CommandChannel channel)
    {
        var (plain, enveloped) = (channel.Word, channel.Type.Name);
        var summary = MessageSchemas.Summary(channel.Type);
        (parts.Messages[plain], parts.Messages[enveloped]) = (Plain(channel, summary), Enveloped(channel, summary));
        parts.Channel(channel.Word, new JsonObject
        {
            ["address"] = channel.Word,
            ["title"] = channel.Word,
            ["description"] = $"{summary} Workers declare the exchange at their start, and take commands with this routing key from the queue {channel.Queue}.",
            ["bindings"] = AsyncApi.Exchange(CommandChannels.Exchange, "topic"),
        }, plain, enveloped);
        AddOperation(parts, channel, $"take{enveloped}", "Taken from any program that may send it.", plain, AsyncReplies.PlainMessages, "$message.header#/reply_to",
            "The message's reply_to. Without it the answer is told as an event alone.");
        AddOperation(parts, channel, $"take{enveloped}FromMassTransit", "Taken from any program that may send it with MassTransit.", enveloped, AsyncReplies.EnvelopedMessages,
            "$message.payload#/responseAddress", "The queue of this broker that the address names, where the envelope has a requestId as well.");
    }

    private static void AddOperation(
        AsyncApiParts parts, CommandChannel channel, string id, string summary, string message, string[] answers, string replyTo, string where)
    {
        var operation = parts.Operation(id, "receive", summary, channel.Word, message);
        operation["bindings"] = AsyncApi.Binding(new JsonObject { ["deliveryMode"] = 2, ["ack"] = true });
        operation["reply"] = new JsonObject
        {
            ["address"] = new JsonObject { ["location"] = replyTo, ["description"] = where },
            ["channel"] = AsyncApi.Ref($"channels/{AsyncReplies.Channel}"),
            ["messages"] = AsyncApiParts.References(AsyncReplies.Channel, answers),
        };
    }

    private static JsonObject Plain(CommandChannel channel, string summary) => new()
    {
        ["name"] = channel.Word,
        ["title"] = channel.Word,
        ["summary"] = summary,
        ["contentType"] = AsyncApi.Json,
        ["headers"] = Headers(isEnveloped: false),
        ["payload"] = AsyncApi.Ref($"components/schemas/{channel.Type.Name}"),
        ["correlationId"] = new JsonObject { ["location"] = "$message.header#/correlation_id" },
        ["examples"] = new JsonArray(new JsonObject
        {
            ["name"] = channel.Word,
            ["headers"] = new JsonObject
            {
                ["user_id"] = Samples.BrokerUser, ["message_id"] = Samples.MessageId, ["correlation_id"] = Samples.CorrelationId, ["reply_to"] = Samples.ReplyQueue,
                ["traceparent"] = Samples.TraceParent,
            },
            ["payload"] = Samples.Json(channel),
        }),
    };

    private static JsonObject Enveloped(CommandChannel channel, string summary)
    {
        var name = channel.Type.Name;
        var example = Envelopes.Example($"{channel.Type.Namespace}:{name}", Samples.Json(channel));
        (example["requestId"], example["responseAddress"]) = (Samples.RequestId, $"rabbitmq://broker.example.com/{Samples.ReplyQueue}");
        return new JsonObject
        {
            ["name"] = name,
            ["title"] = name,
            ["summary"] = summary,
            ["contentType"] = AsyncApi.MassTransit,
            ["headers"] = Headers(isEnveloped: true),
            ["payload"] = Envelopes.MassTransit($"{channel.Type.Namespace}:{name}", name),
            ["correlationId"] = new JsonObject { ["location"] = "$message.payload#/requestId" },
            ["examples"] = new JsonArray(new JsonObject { ["name"] = name, ["headers"] = new JsonObject { ["user_id"] = Samples.BrokerUser }, ["payload"] = example }),
        };
    }

    // AsyncAPI has no place of its own for the properties of AMQP.
    private static JsonObject Headers(bool isEnveloped)
    {
        var properties = new JsonObject
        {
            ["user_id"] = Text("AMQP's property: the broker's user that the connection was opened with. The account that it belongs to must be allowed to."),
        };
        if (!isEnveloped)
        {
            properties["message_id"] = Text("AMQP's property: the key that the command is known by where it has no idempotencyKey.");
        }

        properties["correlation_id"] = Text("AMQP's property: your own id for it. The answer has it again.");
        properties["reply_to"] = Text(isEnveloped
            ? "AMQP's property: the queue that the answer is sent to as well, as plain JSON, where the envelope has no requestId."
            : "AMQP's property: the queue that the answer is sent to as well.");
        properties["traceparent"] = Text("A header: the W3C trace context that the plan or batch and its events are to belong to.");
        return new JsonObject { ["type"] = "object", ["required"] = new JsonArray("user_id"), ["properties"] = properties };
    }

    private static JsonObject Text(string description) => new() { ["type"] = "string", ["description"] = description };
}
