using System.Collections.Concurrent;
using DeployHub.Contracts.Deployments;
using DeployHub.Hosting;
using DeployHub.Integration.Persistence;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Servers;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DeployHub.Integration.Messaging;

/// <summary>A message is one transaction: its mark in the inbox, the saga's row, and what its activities wrote.</summary>
public abstract class InboxTests(Databases databases, Provider provider)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private readonly string _queue = $"test-saga-{Guid.NewGuid():n}";
    private readonly Guid _plan = Guid.CreateVersion7();

    [Fact]
    public async Task One_message_delivered_ten_times_at_once_is_one_transition()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);
        await Deliver(bus, new BeginDeployment(_plan), Guid.CreateVersion7(), 10);
        await Eventually.Equal("Counting", async () => (await Saga(database))?.CurrentState, Patience);
        await Deliver(bus, new StepSucceeded(_plan, _plan), Guid.CreateVersion7(), 10);
        await Deliver(bus, new StepFinalized(_plan, _plan), Guid.CreateVersion7(), 1);

        await Eventually.Equal(3, () => database.Read(db => db.Inbox.CountAsync()), Patience);
        await Drained(bus, 21);
        var saga = (await Saga(database))!;
        Assert.Equal((0, 1, 1), (saga.Touched, saga.Succeeded, await database.Read(db => db.AuditEntries.CountAsync())));
    }

    [Fact]
    public async Task Fifty_messages_at_once_that_would_all_begin_one_saga_begin_one()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Deliver(bus, new BeginDeployment(_plan), Guid.CreateVersion7(), 1)));

        await Eventually.Equal(50, () => database.Read(db => db.Inbox.CountAsync()), Patience);
        Assert.Equal(49, (await Saga(database))!.Touched);
        Assert.Empty(bus.Services.GetRequiredService<Faults>().Seen);
    }

    [Fact]
    public async Task Many_different_messages_at_once_each_count()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);
        await Deliver(bus, new BeginDeployment(_plan), Guid.CreateVersion7(), 1);
        await Eventually.Equal("Counting", async () => (await Saga(database))?.CurrentState, Patience);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Deliver(bus, new StepSucceeded(_plan, _plan), Guid.CreateVersion7(), 1)));

        await Eventually.Equal(100, async () => (await Saga(database))!.Succeeded, Patience);
        Assert.Equal((100, 100), ((await Saga(database))!.Version, await database.Read(db => db.AuditEntries.CountAsync())));
        Assert.Empty(bus.Services.GetRequiredService<Faults>().Seen);
    }

    [Fact]
    public async Task An_activity_that_throws_leaves_nothing_behind_and_the_message_may_come_again()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);
        var (machine, id) = (bus.Services.GetRequiredService<Faults>(), Guid.CreateVersion7());
        machine.Throw = true;

        await Deliver(bus, new DeploymentRefused(_plan), id, 1);
        await Eventually.True(() => !machine.Seen.IsEmpty, Patience);

        Assert.Equal((0, 0, 0, 0), await database.Read(async db => (
            await db.Inbox.CountAsync(), await db.DeploymentStates.CountAsync(), await db.AuditEntries.CountAsync(), await db.Outbox.CountAsync())));

        machine.Throw = false;
        await Deliver(bus, new DeploymentRefused(_plan), id, 2);
        await Eventually.Equal("Counting", async () => (await Saga(database))?.CurrentState, Patience);
        await Eventually.True(() => bus.Received.Has(_plan), Patience);
        Assert.Equal(1, await database.Read(db => db.AuditEntries.CountAsync()));
    }

    [Fact]
    public async Task A_message_without_an_id_is_refused_with_the_reason()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);

        await Deliver(bus, new BeginDeployment(_plan), null, 1);

        var faults = bus.Services.GetRequiredService<Faults>();
        await Eventually.True(() => !faults.Seen.IsEmpty, Patience);
        Assert.All(faults.Seen, x => Assert.Contains("no message id", x.ToString(), StringComparison.Ordinal));
        Assert.Null(await Saga(database));
    }

    private static Task Drained(TestBus bus, int consumed) => Eventually.True(() => bus.Services.GetRequiredService<Faults>().Consumed >= consumed, Patience);

    private async Task<TestBus> Start(TestDatabase database)
    {
        var faults = new Faults();
        var bus = await TestBus.Start(database, provider == Provider.Postgres ? await databases.Broker() : null, $"{_queue}-echo", new Machine(_queue, faults));
        bus.Bus.ConnectReceiveObserver(faults);
        return bus;
    }

    private async Task Deliver(TestBus bus, object message, Guid? messageId, int times)
    {
        var endpoint = await bus.Bus.GetSendEndpoint(new Uri($"queue:{_queue}"));
        await Task.WhenAll(Enumerable.Range(0, times).Select(_ => endpoint.Send(message, message.GetType(), Pipe.Execute<SendContext>(context => context.MessageId = messageId))));
    }

    private Task<DeploymentState?> Saga(TestDatabase database) => database.Read(db => db.DeploymentStates.AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == _plan));

    public sealed class Faults : IReceiveObserver
    {
        private int _consumed;

        public ConcurrentQueue<Exception> Seen { get; } = new();

        public int Consumed => _consumed;

        public bool Throw { get; set; }

        public string EchoQueue { get; set; } = "";

        public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

        public Task PostReceive(ReceiveContext context) => Task.CompletedTask;

        public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) where T : class
        {
            Interlocked.Increment(ref _consumed);
            return Task.CompletedTask;
        }

        public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) where T : class
        {
            Seen.Enqueue(exception);
            return Task.CompletedTask;
        }

        public Task ReceiveFault(ReceiveContext context, Exception exception)
        {
            Seen.Enqueue(exception);
            return Task.CompletedTask;
        }
    }

    private sealed class Machine(string queue, Faults faults) : IBusParts
    {
        public void Register(IBusRegistrationConfigurator bus)
        {
            faults.EchoQueue = $"{queue}-echo";
            bus.AddSingleton(faults);
            bus.AddSagaStateMachine<CountingMachine, DeploymentState>().InDeployHubDb();
        }

        public void Receive(IBusRegistrationContext context, IReceiveConfigurator receive) => receive.ReceiveEndpoint(queue, endpoint =>
        {
            endpoint.ConfigureConsumeTopology = false;
            endpoint.PrefetchCount = 32;
            endpoint.ConcurrentMessageLimit = 32;
            endpoint.ConfigureSaga<DeploymentState>(context);
        });
    }

    /// <summary>Counts what it takes in, with a row of its own beside each count.</summary>
    public sealed class CountingMachine : MassTransitStateMachine<DeploymentState>
    {
        public CountingMachine(Faults faults)
        {
            InstanceState(x => x.CurrentState);
            Event(() => Begun, e => e.CorrelateById(m => m.Message.PlanId));
            Event(() => BegunWithFault, e => e.CorrelateById(m => m.Message.PlanId));
            Event(() => Succeeded, e => e.CorrelateById(m => m.Message.PlanId));
            Event(() => Finalized, e => e.CorrelateById(m => m.Message.PlanId));
            Initially(
                When(Begun).TransitionTo(Counting),
                When(BegunWithFault)
                    .ThenAsync(async x =>
                    {
                        var db = Note(x);
                        db.Send(faults.EchoQueue, x.Saga.CorrelationId, new DeploymentNudged(x.Saga.CorrelationId));
                        await db.SaveChangesAsync();
                    })
                    .Then(_ => ThrowIf(faults.Throw))
                    .TransitionTo(Counting));
            During(Counting,
                When(Begun).Then(x => x.Saga.Touched++),
                When(Succeeded).Then(x => x.Saga.Succeeded++).Then(x => Note(x)),
                Ignore(Finalized), Ignore(BegunWithFault));
        }

        public State Counting { get; private set; } = null!;

        public Event<BeginDeployment> Begun { get; private set; } = null!;

        public Event<DeploymentRefused> BegunWithFault { get; private set; } = null!;

        public Event<StepSucceeded> Succeeded { get; private set; } = null!;

        public Event<StepFinalized> Finalized { get; private set; } = null!;

        private static DeployHubDb Note<T>(BehaviorContext<DeploymentState, T> context) where T : class
        {
            var db = context.GetPayload<IServiceScope>().ServiceProvider.GetRequiredService<DeployHubDb>();
            db.AuditEntries.Add(new() { Id = Guid.CreateVersion7(), Actor = "test", Action = typeof(T).Name, At = DateTime.UtcNow });
            return db;
        }

        private static void ThrowIf(bool wanted)
        {
            if (wanted)
            {
                throw new InvalidOperationException("The activity failed.");
            }
        }
    }
}

public sealed class EmbeddedInboxTests(Databases databases) : InboxTests(databases, Provider.Sqlite);

public sealed class DistributedInboxTests(Databases databases) : InboxTests(databases, Provider.Postgres);
