using System.Collections.Concurrent;
using System.Text;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Tokens;
using DeployHub.Hosting;
using DeployHub.Integration.Hub;
using DeployHub.Integration.Persistence;
using DeployHub.Intake;
using DeployHub.Intake.DeadLetters;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Servers;
using DeployHub.Worker.DeadLetters;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;

namespace DeployHub.Integration.Messaging;

/// <summary>What no reader can handle is kept, holds nobody up, and can be sent again; in both shapes.</summary>
public abstract class DeadLetterTests(Databases databases, Provider provider)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Caller Operator = new("test", null, Guid.NewGuid(), "test", Role.Operator, null, null, null);
    private readonly string _queue = $"deployhub.test-{Guid.NewGuid():n}";

    [Fact]
    public async Task A_message_that_its_reader_fails_on_is_kept_and_handled_when_it_is_sent_again()
    {
        await using var database = await databases.New(provider);
        var reader = new Fragile(_queue);
        await using var bus = await TestBus.Start(database, provider == Provider.Postgres ? await databases.Broker() : null, null, reader);
        var ids = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => bus.Send(_queue)));

        var letter = await Eventually.Value(() => database.Read(db => db.DeadLetters.AsNoTracking().FirstOrDefaultAsync()), x => x is not null, Patience);
        await Eventually.Equal(5, () => database.Read(db => db.DeadLetters.CountAsync()), Patience);
        reader.Healthy = true;
        Assert.Equal((_queue, typeof(DeploymentNudged).FullName), (letter!.Queue, letter.MessageType));
        Assert.Contains("InvalidOperationException: not today", letter.Reason, StringComparison.Ordinal);
        foreach (var id in await database.Read(db => db.DeadLetters.Select(x => x.Id).ToListAsync()))
        {
            await using var scope = bus.Services.CreateAsyncScope();
            var intake = new DeadLetterIntake(scope.ServiceProvider.GetRequiredService<DeployHubDb>());
            Assert.False((await intake.Resend(id, Operator, CancellationToken.None)).IsRefused(out _, out _));
            Assert.Equal(404, (await intake.Discard(id, Operator, CancellationToken.None))!.Status);
        }

        await Eventually.Equal(string.Join(',', ids.Order()), () => Task.FromResult(string.Join(',', reader.Handled.Order())), Patience);
        await Eventually.Equal((0, 0), async () => (await database.Read(db => db.DeadLetters.CountAsync()), await database.Read(db => db.Outbox.CountAsync())), Patience);
        Assert.Equal(5, await database.Read(db => db.AuditEntries.CountAsync(x => x.Action == "dead-letter.resend")));
    }

    private sealed class Fragile(string queue) : IBusParts
    {
        public ConcurrentBag<Guid> Handled { get; } = [];

        public bool Healthy { get; set; }

        public void Register(IBusRegistrationConfigurator bus) => bus.AddSingleton<DeadLetterCollector>();

        public void Receive(IBusRegistrationContext context, IReceiveConfigurator receive)
        {
            receive.ReceiveEndpoint(queue, endpoint =>
            {
                endpoint.ConfigureConsumeTopology = false;
                endpoint.Handler<DeploymentNudged>(message =>
                {
                    if (!Healthy)
                    {
                        throw new InvalidOperationException("not today");
                    }

                    Handled.Add(message.Message.PlanId);
                    return Task.CompletedTask;
                });
            });
            DeadLetterCollector.Receive(context, receive);
        }
    }
}

public sealed class SqliteDeadLetterTests(Databases databases) : DeadLetterTests(databases, Provider.Sqlite), IClassFixture<Databases>;

public sealed class PostgresDeadLetterTests(Databases databases) : DeadLetterTests(databases, Provider.Postgres), IClassFixture<Databases>;

/// <summary>The same over REST, with what foreign programs may put on the queues.</summary>
public sealed class ForeignMessageTests(DistributedHub fixture) : IClassFixture<DistributedHub>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_nobody_can_read_is_shown_holds_nobody_up_and_can_only_be_discarded()
    {
        var hub = await fixture.Hub();
        await Put(Queues.Deployments, "\0 no JSON at all");
        await Put(Queues.Steps, """{"messageType":["urn:message:Somebody:Else"],"message":{},"message":{}}""");
        await Put(Queues.Deployments, """{"messageType":["urn:message:DeployHub.Contracts.Deployments:DeploymentNudged"],"message":{"planId":"not an id"}}""");
        await Put(Queues.ConfigSyncs, new string('x', 1_200_000));

        var letters = (await Eventually.Value(async () => (await hub.Api.Get("/api/dead-letters")).Json!["deadLetters"]!.AsArray(), x => x.Count == 4, Patience))
            .OrderBy(x => (string?)x!["messageType"]).ThenBy(x => (string)x!["queue"]!).ToList();
        Assert.Equal([Queues.ConfigSyncs, Queues.Deployments, Queues.Steps, Queues.Deployments], letters.Select(x => (string)x!["queue"]!));
        Assert.Equal((List<string?>)[null, null, null, typeof(DeploymentNudged).FullName], letters.ConvertAll(x => (string?)x!["messageType"]));
        Assert.All(letters, x => Assert.NotEmpty((string)x!["reason"]!));
        var bodies = await Task.WhenAll(letters.Select(async x => (string?)(await hub.Api.Get($"/api/dead-letters/{x!["id"]}")).Json!["body"]));
        Assert.Equal((List<string?>)[null, "\ufffd no JSON at all", """{"messageType":["urn:message:Somebody:Else"],"message":{},"message":{}}""", """{"planId":"not an id"}"""], bodies.ToList());

        foreach (var letter in letters)
        {
            var refused = await hub.Api.Post($"/api/dead-letters/{letter!["id"]}/resend");
            Assert.Equal((409, "CONFLICT"), (refused.Status, (string)refused.Json!["code"]!));
            Assert.Equal(204, (await hub.Api.Delete($"/api/dead-letters/{letter["id"]}")).Status);
            Assert.Equal(404, (await hub.Api.Delete($"/api/dead-letters/{letter["id"]}")).Status);
        }

        Assert.Empty((await hub.Api.Get("/api/dead-letters")).Json!["deadLetters"]!.AsArray());
    }

    private async Task Put(string queue, string body)
    {
        await using var connection = await new ConnectionFactory { Uri = fixture.Broker.Uri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.BasicPublishAsync("", queue, Encoding.UTF8.GetBytes(body));
    }
}
