using System.Text.Json.Nodes;
using DeployHub.Contracts.Channels;

namespace DeployHub.ContractDocs;

/// <summary>The AsyncAPI 3.0 document, from DeployHub's point of view: it sends events and replies, and receives commands; each in both forms, with an example.</summary>
internal static class AsyncApi
{
    public const string Json = "application/json";
    public const string MassTransit = "application/vnd.masstransit+json";

    private const string BindingVersion = "0.3.0";

    public static JsonObject Document(string version)
    {
        var parts = new AsyncApiParts();
        foreach (var channel in EventChannels.All)
        {
            AsyncEvents.Add(parts, channel);
        }

        AsyncReplies.Add(parts);
        foreach (var channel in CommandChannels.All)
        {
            AsyncCommands.Add(parts, channel);
        }

        Envelopes.Add(parts.Schemas);
        foreach (var message in PublicMessages.All)
        {
            parts.Schemas[message.Type.Name] = MessageSchemas.Of(message);
        }

        return new JsonObject
        {
            ["asyncapi"] = "3.0.0",
            ["info"] = new JsonObject
            {
                ["title"] = "DeployHub",
                ["version"] = version,
                ["description"] = "The messages of DeployHub for other systems, over RabbitMQ: events for all who subscribe, and commands of all who may send them. Each comes in two "
                    + "forms: for any language (events as CloudEvents, commands as plain JSON), and in MassTransit's envelope. Events come at least once: order them by their "
                    + "sequence, and drop those that you have seen.",
            },
            ["defaultContentType"] = Json,
            ["channels"] = parts.Channels,
            ["operations"] = parts.Operations,
            ["components"] = new JsonObject { ["messages"] = parts.Messages, ["schemas"] = parts.Schemas },
        };
    }

    /// <summary>What other programs reach by an exchange and a routing key.</summary>
    public static JsonObject Exchange(string name, string type) => Binding(new JsonObject
    {
        ["is"] = "routingKey",
        ["exchange"] = new JsonObject { ["name"] = name, ["type"] = type, ["durable"] = true, ["autoDelete"] = false },
    });

    /// <summary>Something that AMQP adds to the document.</summary>
    public static JsonObject Binding(JsonObject amqp)
    {
        amqp["bindingVersion"] = BindingVersion;
        return new JsonObject { ["amqp"] = amqp };
    }

    public static JsonObject Ref(string path) => new() { ["$ref"] = $"#/{path}" };
}

/// <summary>What the document is put together from.</summary>
internal sealed class AsyncApiParts
{
    public JsonObject Channels { get; } = [];

    public JsonObject Operations { get; } = [];

    public JsonObject Messages { get; } = [];

    public JsonObject Schemas { get; } = [];

    /// <summary>Adds a channel with its messages, which are there already.</summary>
    public void Channel(string name, JsonObject channel, params string[] messages)
    {
        channel["messages"] = new JsonObject(messages.Select(message => KeyValuePair.Create(message, (JsonNode?)AsyncApi.Ref($"components/messages/{message}"))));
        Channels[name] = channel;
    }

    /// <summary>Adds what DeployHub does with some of a channel's messages.</summary>
    public JsonObject Operation(string id, string action, string summary, string channel, params string[] messages)
    {
        var operation = new JsonObject
        {
            ["action"] = action,
            ["summary"] = summary,
            ["channel"] = AsyncApi.Ref($"channels/{channel}"),
            ["messages"] = References(channel, messages),
        };
        Operations[id] = operation;
        return operation;
    }

    public static JsonArray References(string channel, params string[] messages) =>
        new([.. messages.Select(message => AsyncApi.Ref($"channels/{channel}/messages/{message}"))]);
}
