using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployHub.ContractDocs;
using DeployHub.Contracts.Channels;
using DeployHub.Contracts.Commands;
using DeployHub.Contracts.Wire;
using DeployHub.Intake;
using DeployHub.Intake.Bodies;
using DeployHub.Intake.Commands;
using DeployHub.Persistence.Messaging;

namespace DeployHub.Unit.Contracts;

/// <summary>What the document says of the broker's messages against what is written to it, and what is taken from it.</summary>
public sealed class AsyncApiTests
{
    private static readonly JsonNode Document = JsonNode.Parse(ContractFiles.Generate()[ContractFiles.AsyncApiDocument])!;

    private static readonly Dictionary<Type, Func<ReadOnlyMemory<byte>, Refusal?>> Readers = new()
    {
        [typeof(DeployContainerImage)] = Read<DeployContainerImage>,
        [typeof(ExecuteSyncBatch)] = Read<ExecuteSyncBatch>,
        [typeof(CancelDeployment)] = Read<CancelDeployment>,
        [typeof(RollbackDeployment)] = Read<RollbackDeployment>,
    };

    [Fact]
    public void Every_event_is_shown_as_it_is_published_and_where() => Assert.All(EventChannels.All, channel =>
    {
        var published = CloudEvent.Of(channel, Samples.MessageId, Samples.TraceParent, Samples.Of(channel));
        var name = $"{channel.Noun}.{channel.Verb}";

        Same(JsonNode.Parse(published.Body), Example(name)["payload"]);
        Assert.Equal(published.RoutingKey, ((string)Document["channels"]![name]!["address"]!).Replace("{environment}", EventChannels.KeyOf(Samples.EnvironmentName), StringComparison.Ordinal));
        Same(JsonSerializer.SerializeToNode(Samples.Of(channel), channel.Type, WireWords.Json), Example(channel.Type.Name)["payload"]!["message"]);
        Assert.Equal((EventChannels.Exchange, channel.Exchange), (Exchange(name), Exchange(channel.Type.Name)));
    });

    [Fact]
    public void Every_command_is_shown_as_it_is_taken_plain_and_in_an_envelope() => Assert.All(CommandChannels.All, channel =>
    {
        var address = (string)Document["channels"]![channel.Word]!["address"]!;
        Assert.Equal((CommandChannels.Exchange, channel.Word), (Exchange(channel.Word), address));

        var plain = Open(channel, Example(channel.Word));
        Assert.Equal((Samples.ReplyQueue, null), (plain.ReplyTo, plain.RequestId));
        Assert.Null(Refused(channel, plain));

        var enveloped = Open(channel, Example(channel.Type.Name));
        Assert.Equal((Samples.ReplyQueue, Samples.RequestId), (enveloped.ReplyTo, enveloped.RequestId));
        Assert.Null(Refused(channel, enveloped));
    });

    [Fact]
    public void A_command_may_leave_out_and_may_set_to_null_what_its_schema_says_it_may() => Assert.All(CommandChannels.All, channel =>
    {
        var schema = Document["components"]!["schemas"]![channel.Type.Name]!;
        var required = schema["required"]!.AsArray().Select(name => (string)name!).ToList();
        Assert.DoesNotContain("idempotencyKey", required);
        Assert.All(schema["properties"]!.AsObject(), property =>
        {
            var command = Example(channel.Word)["payload"]!.DeepClone().AsObject();
            command[property.Key] = null;
            var takesNull = property.Value!["type"] is JsonArray types && types.Any(type => (string?)type == "null");
            Assert.Equal(takesNull ? null : property.Key, Readers[channel.Type](Bytes(command))?.Field);

            command.Remove(property.Key);
            Assert.Equal(required.Contains(property.Key) ? property.Key : null, Readers[channel.Type](Bytes(command))?.Field);
        });
    });

    private static JsonNode Example(string message) => Document["components"]!["messages"]![message]!["examples"]![0]!;

    private static string Exchange(string channel) => (string)Document["channels"]![channel]!["bindings"]!["amqp"]!["exchange"]!["name"]!;

    private static CommandEnvelope Open(CommandChannel channel, JsonNode example) => CommandEnvelope.Open(new SentCommand(
        channel, Bytes(example["payload"]!), Samples.BrokerUser, null, null, (string?)example["headers"]!["reply_to"], null));

    private static Refusal? Refused(CommandChannel channel, CommandEnvelope opened) =>
        opened.Body.IsRefused(out var refusal, out var given) ? refusal : Readers[channel.Type](given.Json);

    private static Refusal? Read<T>(ReadOnlyMemory<byte> json) where T : notnull => StrictBody.Parse<T>(json.Span).IsRefused(out var refusal, out _) ? refusal : null;

    private static ReadOnlyMemory<byte> Bytes(JsonNode json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    private static void Same(JsonNode? expected, JsonNode? actual) => Assert.Equal(expected?.ToJsonString(), actual?.ToJsonString());
}
