using System.Globalization;
using System.Net.Mime;
using System.Text.Json;
using DeployHub.Contracts.Channels;
using DeployHub.Contracts.Wire;

namespace DeployHub.Persistence.Messaging;

/// <summary>A public event in the structured mode of CloudEvents 1.0 (https://github.com/cloudevents/spec, JSON format and extensions).</summary>
public sealed class CloudEvent
{
    /// <summary>What its body is.</summary>
    public static readonly ContentType ContentType = new("application/cloudevents+json");

    private CloudEvent(string routingKey, byte[] body) => (RoutingKey, Body) = (routingKey, body);

    /// <summary>The key that it is published with.</summary>
    public string RoutingKey { get; }

    /// <summary>The whole of it, as JSON.</summary>
    public byte[] Body { get; }

    internal static CloudEvent Of(EventChannel channel, OutboxMessage row, object message) =>
        Of(channel, row.MessageId, row.TraceParent, message);

    /// <summary>Writes an event.</summary>
    /// <param name="channel">The event's way.</param>
    /// <param name="id">The message's id: the same event that comes twice has the same one.</param>
    /// <param name="traceParent">The W3C trace context that it belongs to; null where there is none.</param>
    /// <param name="message">The event.</param>
    public static CloudEvent Of(EventChannel channel, Guid id, string? traceParent, object message)
    {
        var address = channel.AddressOf(message);
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, new JsonWriterOptions { Encoder = WireWords.Json.Encoder }))
        {
            writer.WriteStartObject();
            writer.WriteString("specversion", "1.0");
            writer.WriteString("id", id);
            writer.WriteString("source", address.EnvironmentId is { } environment ? $"/api/environments/{environment}" : "/api");
            writer.WriteString("type", channel.CloudEventType);
            if (address.Subject is { } subject)
            {
                writer.WriteString("subject", subject);
            }

            writer.WritePropertyName("time");
            JsonSerializer.Serialize(writer, address.OccurredAt, WireWords.Json);
            writer.WriteString("datacontenttype", MediaTypeNames.Application.Json);
            writer.WriteString("dataschema", channel.DataSchema);
            if (address.Sequence is { } sequence)
            {
                writer.WriteString("sequence", sequence.ToString(CultureInfo.InvariantCulture));
                writer.WriteString("sequencetype", "Integer");
            }

            if (traceParent is not null)
            {
                writer.WriteString("traceparent", traceParent);
            }

            writer.WritePropertyName("data");
            JsonSerializer.Serialize(writer, message, channel.Type, WireWords.Json);
            writer.WriteEndObject();
        }

        return new CloudEvent(channel.RoutingKey(address.EnvironmentName), text.ToArray());
    }
}
