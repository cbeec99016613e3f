using System.Text.Json.Nodes;
using DeployHub.Contracts.Channels;

namespace DeployHub.ContractDocs;

/// <summary>What stands around a message on the broker: CloudEvents 1.0 in the structured mode, or the envelope of MassTransit.</summary>
internal static class Envelopes
{
    private const string CloudEventSchema = "CloudEvent";
    private const string MassTransitSchema = "MassTransitEnvelope";

    public static void Add(JsonObject schemas)
    {
        schemas[CloudEventSchema] = new JsonObject
        {
            ["description"] = "An event in the structured mode of CloudEvents 1.0.",
            ["type"] = "object",
            ["required"] = new JsonArray("specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "data"),
            ["properties"] = new JsonObject
            {
                ["specversion"] = Const("1.0", "The version of CloudEvents."),
                ["id"] = Text("uuid", "Stays the same when the event comes again."),
                ["source"] = Text("uri-reference", "/api/environments/{id}; /api where no environment is known."),
                ["type"] = Text(null, "deployhub. and noun and verb."),
                ["subject"] = Text("uuid", "The plan or the batch; absent for a command that was refused."),
                ["time"] = Text("date-time", "When it happened, UTC."),
                ["datacontenttype"] = Const(AsyncApi.Json, "What data is."),
                ["dataschema"] = Text("uri", "Names the schema of data. Fields are added under the same name; a change that could break a subscriber would have another one."),
                ["sequence"] = Text(null, "The event's number in its plan or batch, from 1 without a gap; absent where events are not numbered."),
                ["sequencetype"] = Const("Integer", "How sequence is ordered; there where it is."),
                ["traceparent"] = Text(null, "The W3C trace context of the request or command that began the plan or batch; absent where there was none."),
                ["data"] = new JsonObject { ["type"] = "object", ["description"] = "The event itself." },
            },
        };
        schemas[MassTransitSchema] = new JsonObject
        {
            ["description"] = "MassTransit's envelope, as far as it is of account here.",
            ["type"] = "object",
            ["required"] = new JsonArray("messageType", "message"),
            ["properties"] = new JsonObject
            {
                ["messageId"] = Text("uuid", "Stays the same when the message is sent again."),
                ["requestId"] = Text("uuid", "The request that is asked, or answered; absent where nobody waits."),
                ["responseAddress"] = Text("uri", "Where whoever sent a request waits for the answer."),
                ["messageType"] = new JsonObject { ["type"] = "array", ["items"] = Text(null, "A name."), ["description"] = "The names of the message's type." },
                ["sentTime"] = Text("date-time", "When it was handed to the broker."),
                ["message"] = new JsonObject { ["type"] = "object", ["description"] = "The message itself." },
            },
        };
    }

    /// <summary>The schema of an event as a CloudEvent.</summary>
    public static JsonObject CloudEvent(EventChannel channel, EventAddress address) => Special(
        CloudEventSchema,
        [.. address.Subject is null ? [] : (string[])["subject"], .. address.Sequence is null ? [] : (string[])["sequence", "sequencetype"]],
        new JsonObject
        {
            ["type"] = Const(channel.CloudEventType, "The event."),
            ["dataschema"] = Const(channel.DataSchema, "The name of the schema of data."),
            ["data"] = AsyncApi.Ref($"components/schemas/{channel.Type.Name}"),
        });

    /// <summary>The schema of a message in MassTransit's envelope.</summary>
    /// <param name="exchange">Namespace and name of its type, as MassTransit names them.</param>
    /// <param name="schema">The schema of its body.</param>
    /// <param name="required">What of the envelope is always there beside the message.</param>
    public static JsonObject MassTransit(string exchange, string schema, params string[] required) => Special(
        MassTransitSchema,
        required,
        new JsonObject
        {
            ["messageType"] = new JsonObject { ["type"] = "array", ["contains"] = new JsonObject { ["const"] = Urn(exchange) }, ["description"] = $"Holds {Urn(exchange)}." },
            ["message"] = AsyncApi.Ref($"components/schemas/{schema}"),
        });

    /// <summary>An example of a message in MassTransit's envelope.</summary>
    public static JsonObject Example(string exchange, JsonNode message) => new()
    {
        ["messageId"] = Samples.MessageId, ["messageType"] = new JsonArray(Urn(exchange)), ["sentTime"] = Samples.WireTime, ["message"] = message,
    };

    private static JsonObject Special(string general, string[] required, JsonObject properties)
    {
        var special = new JsonObject { ["type"] = "object", ["properties"] = properties };
        if (required.Length > 0)
        {
            special["required"] = new JsonArray([.. required.Select(name => (JsonNode)name)]);
        }

        return new JsonObject { ["allOf"] = new JsonArray(AsyncApi.Ref($"components/schemas/{general}"), special) };
    }

    private static string Urn(string exchange) => $"urn:message:{exchange}";

    private static JsonObject Const(string value, string description) => new() { ["type"] = "string", ["const"] = value, ["description"] = description };

    private static JsonObject Text(string? format, string description)
    {
        var schema = new JsonObject { ["type"] = "string", ["description"] = description };
        if (format is not null)
        {
            schema["format"] = format;
        }

        return schema;
    }
}
