using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployHub.Contracts.Channels;
using DeployHub.Contracts.Commands;
using DeployHub.Domain.Tokens;
using DeployHub.Integration.Api;
using DeployHub.Integration.Hub;
using DeployHub.Servers;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace DeployHub.Integration.Queue;

/// <summary>Commands on the queue meet what requests meet over REST, and are answered; what nobody can read harms nobody.</summary>
[Collection(QueueHub.Name)]
public sealed class CommandTests(DistributedHub fixture)
{
    private const string Deploy = "deploy-container-image";
    private const string Sync = "execute-sync-batch";
    private const string Cancel = "cancel-deployment";
    private const string Rollback = "rollback-deployment";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FloodPatience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_command_that_is_sent_five_times_and_asked_for_over_REST_as_well_begins_one_plan()
    {
        var hub = await fixture.Hub();
        var shop = await Inventory.WithService(hub.Api);
        await using var program = await Program.Start(fixture);
        var body = Body(shop, ""","imageTag":"v1","idempotencyKey":"build-7" """);

        var replies = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => program.Sender.Ask(Deploy, body)));
        var over = await program.Api.Post(shop.DeployPath, new { imageTag = "v1" }, ("Idempotency-Key", "build-7"));
        var byId = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => program.Sender.Ask(Deploy, Body(shop, ""","imageTag":"v1" """), x => x.MessageId = "build-7")));
        var other = await program.Sender.Ask(Deploy, Body(shop, ""","imageTag":"v2","idempotencyKey":"build-7" """));
        var keyless = await program.Sender.Ask(Deploy, Body(shop, ""","imageTag":"v1" """), x => x.MessageId = null);

        var plan = (string)replies[0].Body["planId"]!;
        Assert.All([.. replies, .. byId], x => Assert.Equal(
            ("deployhub.command.accepted", Deploy, "accepted", plan, program.User, "build-7", shop.EnvironmentId),
            (x.Type, (string)x.Body["command"]!, (string)x.Body["status"]!, (string)x.Body["planId"]!, (string)x.Body["account"]!, (string)x.Body["idempotencyKey"]!, (string)x.Body["environmentId"]!)));
        Assert.Equal([false, true, true, true, true], replies.Select(x => (bool)x.Body["replayed"]!).Order());
        Assert.Equal((202, "true", plan), (over.Status, over.Headers["Idempotent-Replayed"], (string)over.Json!["plan"]!["id"]!));
        Refused(other, "IDEMPOTENCY_KEY_REUSED", "idempotencyKey");
        Refused(keyless, "VALIDATION_ERROR", "idempotencyKey");
        var only = Assert.Single((await hub.Api.Get($"{shop.Root}/deployment-plans")).Json!["plans"]!.AsArray())!;
        Assert.Equal((plan, "queue", program.User), ((string)only["id"]!, (string)only["triggerType"]!, (string)only["triggeredBy"]!));

        // At once, while it waits for a registry that is not there.
        var next = (string)(await program.Sender.Ask(Deploy, Body(shop, ""","imageTag":"v1","onConflict":"supersede" """))).Body["planId"]!;
        var cancelled = await program.Sender.Ask(Cancel, $$"""{"planId":"{{next}}","rollback":false}""");
        Assert.Equal(("accepted", next), ((string)cancelled.Body["status"]!, (string?)cancelled.Body["planId"]));
        Refused(await program.Sender.Ask(Rollback, $$"""{"planId":"{{next}}"}"""), "CONFLICT", null);
    }

    [Fact]
    public async Task Who_may_not_is_refused_whatever_the_command_says_and_the_broker_lets_nobody_pass_for_another()
    {
        var hub = await fixture.Hub();
        var (mine, other) = (await Inventory.WithService(hub.Api), await Inventory.WithService(hub.Api));
        var plan = (string)(await hub.Api.Post(other.DeployPath, new { imageTag = "v1" })).Json!["plan"]!["id"]!;
        var file = Inventory.Id(await hub.Api.Create($"{other.Root}/config-files", new { name = "app", filename = "app.conf", content = "x" }));
        await using var stranger = await Program.Start(fixture, role: null);
        await using var disabled = await Program.Start(fixture, disabled: true);
        await using var viewer = await Program.Start(fixture, Role.Viewer);
        await using var limited = await Program.Start(fixture, environments: [Guid.Parse(mine.EnvironmentId)]);

        var theirs = Body(other, ""","imageTag":"v1" """);
        Refused(await stranger.Sender.Ask(Deploy, theirs), "UNAUTHORIZED", "user_id");
        Refused(await stranger.Sender.Ask(Deploy, theirs, x => x.UserId = null), "UNAUTHORIZED", "user_id");
        Refused(await disabled.Sender.Ask(Deploy, theirs), "UNAUTHORIZED", "user_id");
        Refused(await viewer.Sender.Ask(Deploy, "no JSON"), "FORBIDDEN_ROLE", null);
        var unseen = Refused(await limited.Sender.Ask(Deploy, theirs), "NOT_FOUND", null);
        var unknown = Refused(await limited.Sender.Ask(Deploy, theirs.Replace(other.ImageId, Guid.Empty.ToString(), StringComparison.Ordinal)), "NOT_FOUND", null);
        Assert.Equal(((string)unknown["message"]!).Replace(Guid.Empty.ToString(), other.ImageId, StringComparison.Ordinal), (string)unseen["message"]!);
        Assert.Null((string?)unseen["environmentName"]);
        Refused(await limited.Sender.Ask(Cancel, $$"""{"planId":"{{plan}}"}"""), "NOT_FOUND", null);
        Refused(await limited.Sender.Ask(Rollback, $$"""{"planId":"{{plan}}"}"""), "NOT_FOUND", null);
        Refused(await limited.Sender.Ask(Sync, $$"""{"operations":[{"type":"config-file-sync","configFileId":"{{file}}"}]}"""), "FORBIDDEN_SCOPE", "operations[0].configFileId");
        Assert.Equal("accepted", (string)(await limited.Sender.Ask(Deploy, Body(mine, ""","imageTag":"v1" """))).Body["status"]!);
        Assert.Single((await hub.Api.Get($"{other.Root}/deployment-plans")).Json!["plans"]!.AsArray());

        // The broker itself refuses a false name, and every exchange and queue but the one of commands.
        await Assert.ThrowsAnyAsync<Exception>(() => viewer.Sender.Send(Deploy, [], x => x.UserId = limited.User));
        await using var connection = await new ConnectionFactory { HostName = "127.0.0.1", Port = fixture.Broker.Port, UserName = limited.User, Password = limited.User }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<OperationInterruptedException>(() => channel.QueueDeclareAsync("mine", cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_REST_refuses_the_queue_refuses_with_the_same_code_field_message_and_hint()
    {
        var hub = await fixture.Hub();
        var shop = await Inventory.WithService(hub.Api);
        await using var program = await Program.Start(fixture);
        var unknown = Guid.NewGuid();
        var waiting = (string)(await program.Api.Post(shop.DeployPath, new { imageTag = "v1" })).Json!["plan"]!["id"]!;
        (string Word, string Path, string Ids, string[] Bodies)[] table =
        [
            // These first: they are about a plan that waits, and does not for ever.
            (Rollback, $"/api/deployment-plans/{waiting}/rollback", $"\"planId\":\"{waiting}\"", ["{}", """{"x":1}"""]),
            (Deploy, shop.DeployPath, $"\"containerImageId\":\"{shop.ImageId}\"",
            [
                """{"imageTag":"v1","onConflict":"reject"}""", "{}", """{"imageTag":null}""", """{"imageTag":""}""", """{"imageTag":5}""", """{"imageTag":"a/b"}""", """{"imageDigestId":"x"}""",
                """{"imageDigestId":"sha256:ABC"}""", $$"""{"imageDigestId":"{{unknown}}"}""", """{"imageTag":"v1","autorollback":false}""",
                """{"imageTag":"v1","autoRollback":"no"}""", """{"imageTag":"v1","autoRollback":null}""", """{"imageTag":"v1","maxParallel":0}""",
                """{"imageTag":"v1","maxParallel":1.5}""", """{"imageTag":"v1","onConflict":"later"}""", """{"imageTag":"v1","onConflict":1}""",
                """{"imageTag":"v1","imageTag":"v2"}""", """{"imageTag":"v1\u0000"}""", """{"imageTag":"\ud800"}""",
                """{"imageTag":"v1",}""", """{"imageTag":"v1" """, "[]", "null", "5", "no JSON", "", " ",
            ]),
            (Deploy, $"/api/container-images/{unknown}/deploy", $"\"containerImageId\":\"{unknown}\"", ["{}", """{"imageTag":"v1"}"""]),
            (Sync, "/api/sync/batch", "",
            [
                "{}", """{"operations":null}""", """{"operations":5}""", """{"operations":[]}""", """{"operations":[null]}""", """{"operations":[{}]}""",
                """{"operations":[{"type":"x","configFileId":"y"}]}""", """{"operations":[{"type":"config-file-sync","configFileId":""}]}""",
                """{"operations":[{"type":"config-file-sync","configFileId":5}]}""", $$"""{"operations":[{"type":"config-file-sync","configFileId":"{{unknown}}"}]}""",
                """{"operations":[{"type":"config-file-sync","configFileId":"y","x":1}]}""", """{"operations":[],"rollbackOnFailure":"x"}""",
            ]),
            (Cancel, $"/api/deployment-plans/{waiting}/cancel", $"\"planId\":\"{waiting}\"", ["""{"rollback":"yes"}""", """{"Rollback":true}"""]),
            (Cancel, $"/api/deployment-plans/{unknown}/cancel", $"\"planId\":\"{unknown}\"", ["{}"]),
        ];
        foreach (var (word, path, ids, bodies) in table)
        {
            foreach (var body in bodies)
            {
                var asked = await program.Api.Post(path, body);
                var sent = Refused(await program.Sender.Ask(word, With(ids, body)), null, null);
                Assert.True(asked.Status is >= 400 and < 500, $"{path} {body}: {asked.Status} {asked.Text}");
                Assert.Equal(Words(asked.Json!, body), Words(sent, body));
            }
        }

        // What REST has in its path stands in the body here.
        Refused(await program.Sender.Ask(Deploy, """{"imageTag":"v1"}"""), "VALIDATION_ERROR", "containerImageId");
        Refused(await program.Sender.Ask(Deploy, """{"containerImageId":"x"}"""), "VALIDATION_ERROR", "containerImageId");
        Refused(await program.Sender.Ask(Cancel, "{}"), "VALIDATION_ERROR", "planId");
        Refused(await program.Sender.Ask(Rollback, With($"\"planId\":\"{waiting}\"", $$"""{"idempotencyKey":"{{new string('x', 201)}}"}""")), "VALIDATION_ERROR", "idempotencyKey");
    }

    [Fact]
    public async Task A_program_that_uses_MassTransit_sends_the_records_and_is_answered_in_its_own_way()
    {
        var hub = await fixture.Hub();
        var shop = await Inventory.WithService(hub.Api);
        await using var program = await Program.Start(fixture);
        await fixture.Broker.Ctl("set_permissions", "-p", "/", program.User, ".*", ".*", ".*");
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(new Uri($"amqp://{program.User}:{program.User}@127.0.0.1:{fixture.Broker.Port}/"));
            rabbit.ConfigureSend(send => send.UseExecute(context =>
            {
                if (context.TryGetPayload(out RabbitMqSendContext? properties))
                {
                    properties.BasicProperties.UserId = program.User;
                }
            }));
        });
        await bus.StartAsync(TestContext.Current.CancellationToken);
        try
        {
            var client = bus.CreateRequestClient<DeployContainerImage>(new Uri($"exchange:{CommandChannels.Exchange}?type=topic"), Patience);
            var command = new DeployContainerImage { ContainerImageId = Guid.Parse(shop.ImageId), ImageTag = "v1", IdempotencyKey = "from dotnet", OnConflict = Contracts.Deployments.OnConflict.Supersede };

            var accepted = await client.GetResponse<CommandAccepted, CommandRefused>(command, x => x.UseExecute(y => y.SetRoutingKey(Deploy)), TestContext.Current.CancellationToken);
            var refused = await client.GetResponse<CommandAccepted, CommandRefused>(command with { ImageTag = "v2" }, x => x.UseExecute(y => y.SetRoutingKey(Deploy)), TestContext.Current.CancellationToken);

            Assert.True(accepted.Is(out Response<CommandAccepted>? yes), "it was refused");
            Assert.True(refused.Is(out Response<CommandRefused>? no), "it was accepted");
            Assert.Equal(200, (await hub.Api.Get($"/api/deployment-plans/{yes!.Message.PlanId}")).Status);
            Assert.Equal(("IDEMPOTENCY_KEY_REUSED", "idempotencyKey"), (no!.Message.Code, no.Message.Field));
        }
        finally
        {
            await bus.StopAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task Whatever_arrives_ends_in_the_dead_letters_with_its_reason_and_ten_thousand_of_it_keep_nobody_from_being_served()
    {
        var hub = await fixture.Hub();
        var shop = await Inventory.WithService(hub.Api);
        await using var program = await Program.Start(fixture);
        var before = await Letters(hub);
        var random = new Random(5);
        string Envelope(string type, string message) => $$"""{"messageId":"{{Guid.NewGuid()}}","messageType":["urn:message:{{type}}"],"message":{{message}}}""";
        (byte[] Body, string Reason)[] junk =
        [
            (Bytes(random, 200), "VALIDATION_ERROR: The body is not valid JSON"),
            (Bytes(random, 5 << 20), "VALIDATION_ERROR: The body is larger than 1 MiB."),
            (Encoding.UTF8.GetBytes(Body(shop, ""","imageTag":"v1" """)[..^3]), "VALIDATION_ERROR: The body is not valid JSON"),
            (Encoding.UTF8.GetBytes(Envelope("Somebody:Else", "{}")), "VALIDATION_ERROR (messageType)"),
            (Encoding.UTF8.GetBytes(Envelope("DeployHub.Contracts.Commands:DeployContainerImage", "5")), "VALIDATION_ERROR (message)"),
            (Encoding.UTF8.GetBytes("""{"messageType":5,"message":{}}"""), "VALIDATION_ERROR (messageType)"),
            (Encoding.UTF8.GetBytes($$"""{"containerImageId":"{{Guid.NewGuid()}}","imageTag":"v1"}"""), "NOT_FOUND: There is no container image"),
            ([], "VALIDATION_ERROR: The body is empty"),
        ];
        foreach (var (body, _) in junk)
        {
            await program.Sender.Send(Deploy, body, x => (x.MessageId, x.CorrelationId) = ($"\0{Guid.NewGuid()}", "\0"));
        }

        // An answer is never put on a queue of DeployHub's own.
        await program.Sender.Send(Deploy, Encoding.UTF8.GetBytes(Body(shop, ""","imageTag":"v1" """)), x => (x.MessageId, x.ReplyTo) = ("own", "deployhub.deployments"));

        await Eventually.Equal(before + junk.Length + 1, () => Letters(hub), Patience);
        var letters = (await hub.Api.Get("/api/dead-letters?limit=50")).Json!["deadLetters"]!.AsArray().Select(x => (string)x!["reason"]!).ToList();
        Assert.All(junk, x => Assert.Contains(letters, reason => reason.Contains(x.Reason, StringComparison.Ordinal) && reason.Contains($"«{program.User}»", StringComparison.Ordinal)));

        const int flood = 10_000;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        foreach (var part in Enumerable.Range(0, flood).Chunk(500))
        {
            await Task.WhenAll(part.Select(i => program.Sender.Send(CommandChannels.All[i % 4].Word, Bytes(random, 1 + (i % 100)), x => x.MessageId = i.ToString(CultureInfo.InvariantCulture))));
        }

        var served = await program.Sender.Ask(Deploy, Body(shop, ""","imageTag":"v1" """));
        Assert.Equal("accepted", (string)served.Body["status"]!);
        await Eventually.Equal(before + junk.Length + 1 + flood, () => Letters(hub), FloodPatience);
        await Eventually.Equal(0, () => hub.Read(db => db.Outbox.CountAsync(x => x.Token == null)), FloodPatience);
        TestContext.Current.TestOutputHelper?.WriteLine($"{flood} malformed commands in {clock.Elapsed.TotalSeconds:0} s");
        Assert.All(hub.Workers, worker => Assert.False(worker.HasExited));
    }

    [Fact]
    public async Task Workers_that_are_killed_leave_no_command_without_its_answer()
    {
        var hub = await fixture.Hub();
        var shop = await Inventory.WithService(hub.Api);
        await using var program = await Program.Start(fixture);
        var plan = (string)(await program.Sender.Ask(Deploy, Body(shop, ""","imageTag":"v1","idempotencyKey":"one" """))).Body["planId"]!;
        var (known, first) = (program.Sender.Replies, Enumerable.Range(0, 100).Select(_ => Guid.NewGuid().ToString()).ToList());

        foreach (var correlation in first)
        {
            // One command comes again, the next one is refused: both kinds of answer.
            var body = Body(shop, $",\"imageTag\":\"{(IsRepeated(correlation) ? "v1" : "v2")}\",\"idempotencyKey\":\"one\"");
            await program.Sender.Send(Deploy, Encoding.UTF8.GetBytes(body), x => (x.ReplyTo, x.CorrelationId) = ("amq.rabbitmq.reply-to", correlation));
        }

        await Eventually.True(() => program.Sender.Replies > known + 10, Patience);
        await hub.KillWorkers();
        await hub.Start();

        foreach (var correlation in first)
        {
            var reply = await program.Sender.Reply(correlation);
            Assert.Equal(IsRepeated(correlation) ? plan : null, (string?)reply.Body["planId"]);
        }
    }

    private static bool IsRepeated(string correlation) => correlation[0] < '8';

    private static JsonNode Refused((string? Type, JsonNode Body) reply, string? code, string? field)
    {
        Assert.Equal(("deployhub.command.refused", "refused"), (reply.Type, (string)reply.Body["status"]!));
        if (code is not null)
        {
            Assert.Equal((code, field), ((string)reply.Body["code"]!, (string?)reply.Body["field"]));
        }

        return reply.Body;
    }

    private static Task<int> Letters(RunningHub hub) => hub.Read(db => db.DeadLetters.CountAsync());

    private static string Body(Inventory shop, string rest) => $$"""{"containerImageId":"{{shop.ImageId}}"{{rest.TrimEnd()}}}""";

    // What is no JSON object stays as it is: it is refused before anything in it is looked at.
    private static string With(string ids, string body)
    {
        try
        {
            return ids.Length == 0 || JsonDocument.Parse(body).RootElement.ValueKind != JsonValueKind.Object || body.Contains("\\u", StringComparison.Ordinal)
                ? body
                : body == "{}" ? $"{{{ids}}}" : $"{{{ids},{body[1..]}";
        }
        catch (JsonException)
        {
            return body;
        }
    }

    private static string Words(JsonNode error, string body) => $"{body} → {error["code"]}: {error["message"]} ({error["field"]}) {error["hint"]}";

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        bytes[0] = (byte)'x';
        return bytes;
    }
}
