using System.Text.Json;
using DeployHub.Intake.Bodies;

namespace DeployHub.Intake.Commands;

/// <summary>What a sent command holds, with or without an envelope of MassTransit around it.</summary>
/// <param name="Body">The command itself, as JSON; or why there is none.</param>
/// <param name="MessageId">The message's id.</param>
/// <param name="ReplyTo">The queue to reply to; null where nobody waits.</param>
/// <param name="RequestId">The request that an envelope answers; null where the reply is plain JSON.</param>
internal sealed record CommandEnvelope(Result<Given> Body, string? MessageId, string? ReplyTo, Guid? RequestId)
{
    // DeployHub's own queues begin with it; an answer that a stranger asked for must never become a message to its machines.
    private const string OwnPrefix = "deployhub.";
    private const string DirectReplyTo = "amq.rabbitmq.reply-to";

    /// <summary>Opens it. Nothing that a message can hold is a surprise here.</summary>
    public static CommandEnvelope Open(SentCommand sent)
    {
        if (sent.Bytes.Length > StrictBody.LargestBytes)
        {
            return Plain(sent, StrictBody.LargerThan(StrictBody.LargestBytes));
        }

        if (sent.Bytes.IsEmpty)
        {
            return Plain(sent, StrictBody.Empty);
        }

        if (StrictBody.Malformed(sent.Bytes.Span) is { } malformed)
        {
            return Plain(sent, malformed);
        }

        using var json = JsonDocument.Parse(sent.Bytes);
        return json.RootElement.TryGetProperty("messageType", out var types) && json.RootElement.TryGetProperty("message", out var message)
            ? Enveloped(sent, json.RootElement, types, message)
            : Plain(sent, new Given(sent.Bytes));
    }

    private static CommandEnvelope Plain(SentCommand sent, Result<Given> body) => IsOwn(sent.ReplyTo)
        ? new(OwnQueue("reply_to"), sent.MessageId, null, null)
        : new(body, sent.MessageId, sent.ReplyTo, null);

    private static CommandEnvelope Enveloped(SentCommand sent, JsonElement envelope, JsonElement types, JsonElement message)
    {
        var replyTo = NameOf(Text(envelope, "responseAddress")) is { } name && name != DirectReplyTo ? name : sent.ReplyTo;
        var requestId = Guid.TryParse(Text(envelope, "requestId"), out var id) ? id : (Guid?)null;
        var messageId = Text(envelope, "messageId") ?? sent.MessageId;
        if (requestId is null)
        {
            replyTo = sent.ReplyTo;
        }

        return IsOwn(replyTo) ? new(OwnQueue("responseAddress"), messageId, null, null)
            : new(BodyOf(sent, types, message), messageId, replyTo, requestId);
    }

    private static Result<Given> BodyOf(SentCommand sent, JsonElement types, JsonElement message)
    {
        if (types.ValueKind != JsonValueKind.Array || !types.EnumerateArray().Any(type => type.ValueKind == JsonValueKind.String && type.ValueEquals(sent.Channel.Urn)))
        {
            return Refusal.Invalid("messageType", $"must name «{sent.Channel.Urn}» on this queue.");
        }

        return message.ValueKind == JsonValueKind.Object
            ? new Given(JsonSerializer.SerializeToUtf8Bytes(message))
            : Refusal.Invalid("message", "must be an object.");
    }

    private static Refusal OwnQueue(string field) => Refusal.Invalid(field, "must not name a queue of DeployHub's own.", "Name a queue of yours, or leave it out.");

    private static bool IsOwn(string? queue) => queue?.StartsWith(OwnPrefix, StringComparison.OrdinalIgnoreCase) == true;

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // The queue of an address like rabbitmq://host/vhost/name?temporary=true. The reply goes there on this very broker, whatever host it names.
    private static string? NameOf(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && Uri.UnescapeDataString(uri.AbsolutePath.Split('/')[^1]) is { Length: > 0 } name ? name : null;
}

/// <summary>A command's JSON.</summary>
internal sealed record Given(ReadOnlyMemory<byte> Json);
