using System.Text.Json;
using DeployHub.Contracts.Channels;
using DeployHub.Contracts.Commands;
using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Intake.Access;
using DeployHub.Intake.Commands;
using DeployHub.Intake.ConfigSync;
using DeployHub.Intake.Deployments;

namespace DeployHub.Unit.Intake;

/// <summary>A command says what a request says: no more, no less, and nothing else.</summary>
public sealed class CommandTests
{
    [Theory]
    [InlineData(typeof(DeployRequest), typeof(DeployContainerImage), "ContainerImageId IdempotencyKey")]
    [InlineData(typeof(SyncBatchRequest), typeof(ExecuteSyncBatch), "IdempotencyKey")]
    [InlineData(typeof(SyncOperationRequest), typeof(SyncOperation), "")]
    [InlineData(typeof(CancelRequest), typeof(CancelDeployment), "IdempotencyKey PlanId")]
    public void A_command_has_the_fields_of_the_request_and_what_REST_has_beside_it(Type request, Type command, string more)
    {
        static IEnumerable<string> Fields(Type type) => type.GetProperties().Select(x => $"{x.Name}{(x.PropertyType.IsGenericType && x.PropertyType.GetGenericTypeDefinition() == typeof(List<>) ? "" : $" {x.PropertyType.Name}")}");

        var beside = Fields(command).Where(x => more.Split(' ').Contains(x.Split(' ')[0]));
        Assert.Equal(Fields(request).Order(), Fields(command).Except(beside).Order());
        Assert.Equal(more, string.Join(' ', beside.Select(x => x.Split(' ')[0]).Order()));
    }

    [Fact]
    public void Every_field_of_a_command_reaches_the_request()
    {
        var command = new DeployContainerImage { ContainerImageId = Guid.NewGuid(), ImageTag = "v1", ImageDigestId = "x", AutoRollback = false, MaxParallel = 7, OnConflict = OnConflict.Supersede };
        Same(command, CommandActs.RequestOf(command));
        Same(new DeployContainerImage { ContainerImageId = Guid.NewGuid() }, CommandActs.RequestOf(new DeployContainerImage { ContainerImageId = Guid.NewGuid() }));
        var batch = new ExecuteSyncBatch { Operations = [new SyncOperation { Type = "a", ConfigFileId = "b" }], RollbackOnFailure = false };
        Same(batch, CommandActs.RequestOf(batch));
    }

    [Fact]
    public void Every_command_has_a_row_that_says_who_may() => Assert.All(CommandChannels.All, x => Assert.NotNull(AccessTable.OfCommand(x.Word)));

    [Theory]
    [InlineData("rabbitmq://host/vhost/my-queue?temporary=true", "my-queue", null)]
    [InlineData("rabbitmq://elsewhere/amq.rabbitmq.reply-to", "from the property", null)]
    [InlineData("nonsense", "from the property", null)]
    [InlineData("rabbitmq://host/deployhub.steps", null, "responseAddress")]
    [InlineData("rabbitmq://host/Deployhub.steps", null, "responseAddress")]
    public void A_reply_goes_where_the_envelope_says_but_to_no_queue_of_DeployHubs_own(string address, string? queue, string? refused)
    {
        var json = $$"""{"messageId":"m","requestId":"{{Guid.NewGuid()}}","responseAddress":"{{address}}","messageType":["{{CommandChannels.All[0].Urn}}"],"message":{"a":1} }""";
        var opened = CommandEnvelope.Open(new SentCommand(CommandChannels.All[0], System.Text.Encoding.UTF8.GetBytes(json), null, null, null, "from the property", null));

        Assert.Equal(("m", queue), (opened.MessageId, opened.ReplyTo));
        Assert.Equal(refused, opened.Body.IsRefused(out var refusal, out _) ? refusal.Field : null);
        Assert.Equal(refused is null, opened.RequestId is not null);
    }

    private static void Same(object command, object request)
    {
        var (sent, asked) = (JsonSerializer.SerializeToElement(command, WireWords.Json), JsonSerializer.SerializeToElement(request, WireWords.Json));
        Assert.All(asked.EnumerateObject(), x => Assert.Equal(x.Value.GetRawText(), sent.GetProperty(x.Name).GetRawText()));
    }
}
