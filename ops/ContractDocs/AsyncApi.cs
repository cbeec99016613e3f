using System.Text.Json.Nodes;

namespace DeployHub.ContractDocs;

/// <summary>The AsyncAPI 3.0 document: every public message, the exchange that it goes over, and an example of each.</summary>
internal static class AsyncApi
{
    private const string Envelope = "application/vnd.masstransit+json";

    public static JsonObject Document(string version)
    {
        var (channels, operations, messages, schemas) = (new JsonObject(), new JsonObject(), new JsonObject(), new JsonObject());
        foreach (var message in PublicMessages.All)
        {
            var name = message.Type.Name;
            var schema = MessageSchemas.Of(message);
            schemas[name] = schema;
            messages[name] = Message(message, schema);
            channels[name] = Channel(message, (string)schema["description"]!);
            operations[(message.IsCommand ? "take" : "tell") + name] = new JsonObject
            {
                ["action"] = message.IsCommand ? "receive" : "send",
                ["summary"] = message.IsCommand ? "Taken from other systems." : "Published for every subscriber.",
                ["channel"] = Ref($"channels/{name}"),
                ["messages"] = new JsonArray(Ref($"channels/{name}/messages/{name}")),
            };
        }

        return new JsonObject
        {
            ["asyncapi"] = "3.0.0",
            ["info"] = new JsonObject
            {
                ["title"] = "DeployHub",
                ["version"] = version,
                ["description"] = "The messages of DeployHub for other systems, over RabbitMQ. Events come at least once: order them by their sequence, and drop those that you have seen.",
            },
            ["defaultContentType"] = Envelope,
            ["channels"] = channels,
            ["operations"] = operations,
            ["components"] = new JsonObject { ["messages"] = messages, ["schemas"] = schemas },
        };
    }

    private static JsonObject Channel(PublicMessage message, string description) => new()
    {
        ["address"] = message.Exchange,
        ["title"] = message.Type.Name,
        ["description"] = $"{description} Bind a durable queue of your own to this exchange.",
        ["messages"] = new JsonObject { [message.Type.Name] = Ref($"components/messages/{message.Type.Name}") },
        ["bindings"] = new JsonObject
        {
            ["amqp"] = new JsonObject
            {
                ["is"] = "routingKey",
                ["exchange"] = new JsonObject { ["name"] = message.Exchange, ["type"] = "fanout", ["durable"] = true, ["autoDelete"] = false },
                ["bindingVersion"] = "0.3.0",
            },
        },
    };

    private static JsonObject Message(PublicMessage message, JsonObject schema) => new()
    {
        ["name"] = message.Type.Name,
        ["title"] = message.Type.Name,
        ["summary"] = (string)schema["description"]!,
        ["contentType"] = Envelope,
        ["payload"] = new JsonObject
        {
            ["type"] = "object",
            ["description"] = "MassTransit's envelope.",
            ["required"] = new JsonArray("messageId", "messageType", "message"),
            ["properties"] = new JsonObject
            {
                ["messageId"] = new JsonObject { ["type"] = "string", ["format"] = "uuid", ["description"] = "Stays the same when the message is sent again." },
                ["messageType"] = new JsonObject
                {
                    ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" }, ["description"] = $"Holds {message.Urn}.",
                },
                ["sentTime"] = new JsonObject { ["type"] = "string", ["format"] = "date-time", ["description"] = "When it was handed to the broker." },
                ["message"] = Ref($"components/schemas/{message.Type.Name}"),
            },
        },
        ["bindings"] = new JsonObject { ["amqp"] = new JsonObject { ["contentEncoding"] = "utf-8", ["messageType"] = message.Urn, ["bindingVersion"] = "0.3.0" } },
        ["examples"] = new JsonArray(new JsonObject
        {
            ["name"] = message.Type.Name,
            ["payload"] = new JsonObject
            {
                ["messageId"] = Samples.Id, ["messageType"] = new JsonArray(message.Urn), ["sentTime"] = Samples.Time,
                ["message"] = Samples.Of(message.Type.Name, schema),
            },
        }),
    };

    private static JsonObject Ref(string path) => new() { ["$ref"] = $"#/{path}" };
}
