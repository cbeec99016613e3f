using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Contracts.Channels;

namespace DeployHub.ContractDocs;

/// <summary>One event in the document: as a CloudEvent on the topic exchange, and in MassTransit's envelope on an exchange of its own.</summary>
internal static class AsyncEvents
{
    private const string CloudEvents = "application/cloudevents+json";
    private const string AnyEnvironment = "{environment}";

    public static void Add(AsyncApiParts parts, EventChannel channel)
    {
        AddCloudEvent(parts, channel);
        AddEnvelope(parts, channel);
    }

    private static void AddCloudEvent(AsyncApiParts parts, EventChannel channel)
    {
        var name = $"{channel.Noun}.{channel.Verb}";
        var summary = MessageSchemas.Summary(channel.Type);
        parts.Messages[name] = new JsonObject
        {
            ["name"] = channel.CloudEventType,
            ["title"] = channel.CloudEventType,
            ["summary"] = summary,
            ["contentType"] = CloudEvents,
            ["payload"] = Envelopes.CloudEvent(channel, AddressOf(channel)),
            ["examples"] = new JsonArray(new JsonObject { ["name"] = name, ["payload"] = Example(channel) }),
        };
        parts.Channel(name, new JsonObject
        {
            ["address"] = $"{AnyEnvironment}.{name}",
            ["title"] = channel.CloudEventType,
            ["description"] = $"{summary} Bind a durable queue of your own to the exchange with this routing key, or with * or # in place of words of it.",
            ["parameters"] = new JsonObject
            {
                [AnyEnvironment.Trim('{', '}')] = new JsonObject
                {
                    ["description"] = $"The environment's name in lower case, every run of other characters than letters, digits, - and _ as one -; {EventChannels.UnknownEnvironment} where none is known.",
                    ["examples"] = new JsonArray(EventChannels.KeyOf(Samples.EnvironmentName)),
                },
            },
            ["bindings"] = AsyncApi.Exchange(EventChannels.Exchange, "topic"),
        }, name);
        parts.Operation($"tell{channel.Type.Name}", "send", "Published for every subscriber.", name, name)["bindings"] = Persistent();
    }

    private static void AddEnvelope(AsyncApiParts parts, EventChannel channel)
    {
        var name = channel.Type.Name;
        var summary = MessageSchemas.Summary(channel.Type);
        parts.Messages[name] = new JsonObject
        {
            ["name"] = name,
            ["title"] = name,
            ["summary"] = summary,
            ["contentType"] = AsyncApi.MassTransit,
            ["payload"] = Envelopes.MassTransit(channel.Exchange, name, "messageId"),
            ["examples"] = new JsonArray(new JsonObject { ["name"] = name, ["payload"] = Envelopes.Example(channel.Exchange, Samples.Json(channel)) }),
        };
        parts.Channel(name, new JsonObject
        {
            ["address"] = channel.Exchange,
            ["title"] = name,
            ["description"] = $"{summary} MassTransit binds a consumer's queue to this exchange; the routing key is of no account.",
            ["bindings"] = AsyncApi.Exchange(channel.Exchange, "fanout"),
        }, name);
        parts.Operation($"tell{name}ToMassTransit", "send", "Published for every subscriber that uses MassTransit.", name, name)["bindings"] = Persistent();
    }

    // The relay writes it from what is published; a test holds this to that.
    private static JsonObject Example(EventChannel channel)
    {
        var address = AddressOf(channel);
        var json = new JsonObject
        {
            ["specversion"] = "1.0",
            ["id"] = Samples.MessageId,
            ["source"] = $"/api/environments/{address.EnvironmentId}",
            ["type"] = channel.CloudEventType,
            ["subject"] = address.Subject,
            ["time"] = Samples.WireTime,
            ["datacontenttype"] = AsyncApi.Json,
            ["dataschema"] = channel.DataSchema,
            ["sequence"] = address.Sequence?.ToString(CultureInfo.InvariantCulture),
            ["sequencetype"] = address.Sequence is null ? null : "Integer",
            ["traceparent"] = Samples.TraceParent,
            ["data"] = Samples.Json(channel),
        };
        foreach (var absent in json.Where(attribute => attribute.Value is null).Select(attribute => attribute.Key).ToList())
        {
            json.Remove(absent);
        }

        return json;
    }

    private static EventAddress AddressOf(EventChannel channel) => channel.AddressOf(Samples.Of(channel));

    private static JsonObject Persistent() => AsyncApi.Binding(new JsonObject { ["deliveryMode"] = 2 });
}
