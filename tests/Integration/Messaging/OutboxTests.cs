using DeployHub.Contracts.Deployments;
using DeployHub.Integration.Persistence;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DeployHub.Integration.Messaging;

/// <summary>What is committed is delivered, what is not never is; in both shapes.</summary>
public abstract class OutboxTests(Databases databases, Provider provider)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _queue = $"test-{Guid.NewGuid():n}";

    [Fact]
    public async Task A_committed_message_arrives_once_and_leaves_nothing()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);

        var ids = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => bus.Send(_queue)));

        await All_arrive_once(bus, database, ids);
    }

    [Fact]
    public async Task A_message_of_a_transaction_that_failed_never_leaves_not_even_with_the_next_one_of_the_same_context()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);
        Guid[] failed = [Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()];
        var committed = Guid.CreateVersion7();
        await using (var scope = bus.Services.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();

            // One that was not saved yet, and one that was.
            await Assert.ThrowsAsync<InvalidOperationException>(() => db.InTransaction(
                () =>
                {
                    db.Send(_queue, failed[0], new DeploymentNudged(failed[0]));
                    throw new InvalidOperationException();
                },
                CancellationToken.None));
            await Assert.ThrowsAsync<InvalidOperationException>(() => db.InTransaction(
                async () =>
                {
                    db.Send(_queue, failed[1], new DeploymentNudged(failed[1]));
                    await db.SaveChangesAsync();
                    throw new InvalidOperationException();
                },
                CancellationToken.None));
            using var cancelled = new CancellationTokenSource();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => db.InTransaction(
                async () =>
                {
                    db.Send(_queue, failed[2], new DeploymentNudged(failed[2]));
                    await cancelled.CancelAsync();
                },
                cancelled.Token));
            await db.InTransaction(
                () =>
                {
                    db.Send(_queue, committed, new DeploymentNudged(committed));
                    return Task.CompletedTask;
                },
                CancellationToken.None);
        }

        await All_arrive_once(bus, database, [committed, await bus.Send(_queue)]);
    }

    [Fact]
    public async Task A_message_whose_process_died_after_the_commit_arrives()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);
        var ids = Enumerable.Range(0, 450).Select(_ => Guid.CreateVersion7()).ToArray();

        // Written without a hand-over, as by a process that ended between commit and send.
        await database.Write(db =>
        {
            Array.ForEach(ids, id => db.Send(_queue, id, new DeploymentNudged(id)));
            foreach (var row in db.Outbox.Local)
            {
                row.DueAt = DateTime.UtcNow.AddSeconds(-1);
            }
        });

        await All_arrive_once(bus, database, ids);
    }

    [Fact]
    public async Task A_scheduled_message_arrives_at_its_time_and_not_before()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);
        var (soon, late) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var begin = DateTime.UtcNow;

        await Schedule(bus, late, 2.5);
        await Schedule(bus, soon, 1.5);
        await Eventually.True(() => bus.Received.Count == 2, Patience);

        Assert.InRange((bus.Received.At(soon) - begin).TotalSeconds, 1.49, 3.5);
        Assert.InRange((bus.Received.At(late) - begin).TotalSeconds, 2.49, 4.5);
        await All_arrive_once(bus, database, [soon, late]);
    }

    [Fact]
    public async Task A_message_that_was_called_off_never_arrives()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);
        var (off, on) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await Schedule(bus, off, 1);
        await Schedule(bus, on, 1.2);

        await bus.Write(db => db.Unschedule(off, CancellationToken.None));

        await All_arrive_once(bus, database, [on]);
    }

    [Fact]
    public async Task A_message_that_was_called_off_by_the_transaction_that_scheduled_it_never_lies_there()
    {
        await using var database = await databases.New(provider);
        var token = Guid.CreateVersion7();

        await database.Write(async db =>
        {
            db.Schedule(_queue, token, new DeploymentNudged(token), TimeSpan.FromHours(1), token);
            await db.Unschedule(token, CancellationToken.None);
        });

        Assert.Equal(0, await database.Read(db => db.Outbox.CountAsync()));
    }

    [Fact]
    public async Task A_message_that_nobody_can_read_becomes_a_dead_letter_in_the_end_and_holds_nobody_up()
    {
        await using var database = await databases.New(provider);
        var (unknown, broken) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await database.Write(db => db.Outbox.AddRange(
            new OutboxMessage { MessageId = unknown, Queue = _queue, MessageType = "DeployHub.Contracts.Gone", Body = "{}", DueAt = DateTime.UtcNow.AddMinutes(-1), Attempts = 19 },
            new OutboxMessage
            {
                MessageId = broken, Queue = _queue, MessageType = typeof(DeploymentNudged).FullName!, Body = "{\"planId\":", DueAt = DateTime.UtcNow.AddMinutes(-1), Attempts = 3,
            }));
        await using var bus = await Start(database);
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => bus.Send(_queue)));

        await Eventually.True(() => database.Read(db => db.DeadLetters.AnyAsync(x => x.MessageId == unknown && x.Queue == _queue && x.Reason.Contains("Gone"))), Patience);
        await Eventually.True(() => database.Read(db => db.Outbox.AnyAsync(x => x.MessageId == broken && x.Attempts == 4 && x.DueAt > DateTime.UtcNow)), Patience);
        await Eventually.True(() => ids.All(bus.Received.Has), Patience);
        await Eventually.Equal(1, () => database.Read(db => db.Outbox.CountAsync()), Patience);
    }

    [Fact]
    public async Task More_messages_than_the_hand_over_holds_all_arrive()
    {
        await using var database = await databases.New(provider);
        await using var bus = await Start(database);
        var ids = Enumerable.Range(0, 5000).Select(_ => Guid.CreateVersion7()).ToArray();

        await bus.Write(db =>
        {
            Array.ForEach(ids, id => db.Send(_queue, id, new DeploymentNudged(id)));
            return Task.CompletedTask;
        });

        await Eventually.True(() => bus.Received.Ids.Distinct().Count() == ids.Length, TimeSpan.FromSeconds(90));
        await Eventually.Equal(0, () => database.Read(db => db.Outbox.CountAsync()), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Messages_left_over_at_a_start_are_sent_once_beside_those_that_the_start_itself_sends()
    {
        await using var database = await databases.New(provider);
        var left = Enumerable.Range(0, 300).Select(_ => Guid.CreateVersion7()).ToArray();
        await database.Write(db =>
        {
            Array.ForEach(left, id => db.Send(_queue, id, new DeploymentNudged(id)));
        });
        await using var bus = await Start(database);

        var ids = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => bus.Send(_queue)));

        await All_arrive_once(bus, database, [.. left, .. ids]);
    }

    protected async Task<TestBus> Start(TestDatabase database) => await TestBus.Start(database, provider == Provider.Postgres ? await databases.Broker() : null, _queue);

    private static async Task All_arrive_once(TestBus bus, TestDatabase database, Guid[] ids)
    {
        await Eventually.Equal(0, () => database.Read(db => db.Outbox.CountAsync()), Patience);
        await Eventually.True(() => ids.All(bus.Received.Has), Patience);
        Assert.Equal(ids.Order(), bus.Received.Ids.Order());
    }

    private Task Schedule(TestBus bus, Guid id, double seconds) => bus.Write(db =>
    {
        db.Schedule(_queue, id, new DeploymentNudged(id), TimeSpan.FromSeconds(seconds), id);
        return Task.CompletedTask;
    });
}

public sealed class EmbeddedOutboxTests(Databases databases) : OutboxTests(databases, Provider.Sqlite);

public sealed class DistributedOutboxTests(Databases databases) : OutboxTests(databases, Provider.Postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Databases _databases = databases;
    private readonly string _queue = $"test-{Guid.NewGuid():n}";

    [Fact]
    public async Task Two_relays_on_one_database_deliver_each_message_once()
    {
        await using var database = await _databases.New(Provider.Postgres);
        await using var first = await TestBus.Start(database, await _databases.Broker(), _queue);
        await using var second = await TestBus.Start(database, await _databases.Broker(), _queue);
        var due = Enumerable.Range(0, 400).Select(_ => Guid.CreateVersion7()).ToArray();

        var sent = Task.WhenAll(Enumerable.Range(0, 300).Select(i => (i % 2 == 0 ? first : second).Send(_queue)));
        await database.Write(db =>
        {
            Array.ForEach(due, id => db.Send(_queue, id, new DeploymentNudged(id)));
            foreach (var row in db.Outbox.Local)
            {
                row.DueAt = DateTime.UtcNow;
            }
        });
        Guid[] all = [.. due, .. await sent];

        await Eventually.Equal(0, () => database.Read(db => db.Outbox.CountAsync()), Patience);
        await Eventually.True(() => first.Received.Count + second.Received.Count >= all.Length, Patience);
        Assert.Equal(all.Order(), first.Received.Ids.Concat(second.Received.Ids).Order());
    }

    [Fact]
    public async Task While_the_broker_is_away_messages_wait_and_leave_when_it_is_back()
    {
        await using var broker = await RabbitMq.Start();
        await using var database = await _databases.New(Provider.Postgres);
        await using var bus = await TestBus.Start(database, broker.Uri, _queue);
        var before = await bus.Send(_queue);
        await Eventually.True(() => bus.Received.Has(before), Patience);

        await broker.Stop();
        var ids = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => bus.Send(_queue)));
        await Eventually.True(() => database.Read(db => db.Outbox.AnyAsync(x => x.LastError != null)), Patience);
        Assert.Equal(60, await database.Read(db => db.Outbox.CountAsync()));
        await broker.StartAgain();

        await Eventually.True(() => ids.All(bus.Received.Has), Patience);
        await Eventually.Equal(0, () => database.Read(db => db.Outbox.CountAsync()), Patience);
    }

    [Fact]
    public async Task A_message_to_a_queue_that_is_not_there_yet_waits_for_it_and_is_never_given_up()
    {
        await using var database = await _databases.New(Provider.Postgres);
        await using var sender = await TestBus.Start(database, await _databases.Broker());
        var id = await sender.Send(_queue);
        await Eventually.True(() => database.Read(db => db.Outbox.AnyAsync(x => x.LastError != null)), Patience);

        // As after a quarter of an hour without any worker.
        await database.Write(db => db.Outbox.ExecuteUpdateAsync(set => set.SetProperty(x => x.Attempts, 19).SetProperty(x => x.LastError, (string?)null).SetProperty(x => x.DueAt, DateTime.UtcNow)));
        await Eventually.True(() => database.Read(db => db.Outbox.AnyAsync(x => x.LastError != null)), Patience);
        Assert.Equal((1, 0), (await database.Read(db => db.Outbox.CountAsync()), await database.Read(db => db.DeadLetters.CountAsync())));

        await using var reader = await TestBus.Start(database, await _databases.Broker(), _queue);
        await Eventually.True(() => reader.Received.Has(id), Patience);
        await Eventually.Equal(0, () => database.Read(db => db.Outbox.CountAsync()), Patience);
    }

    [Fact]
    public async Task While_the_database_is_away_nothing_is_lost_and_afterwards_nothing_is_left()
    {
        await using var server = await Postgres.Start();
        await using var database = TestDatabase.On(await server.CreateDatabase());
        await database.Migrate(TestContext.Current.CancellationToken);
        await using var bus = await TestBus.Start(database, await _databases.Broker(), _queue);
        var ids = Enumerable.Range(0, 2000).Select(_ => Guid.CreateVersion7()).ToArray();
        await bus.Write(db =>
        {
            Array.ForEach(ids, id => db.Send(_queue, id, new DeploymentNudged(id)));
            db.Outbox.Add(new OutboxMessage { MessageId = Guid.CreateVersion7(), MessageType = "DeployHub.Contracts.Gone", Body = "{}", DueAt = DateTime.UtcNow, Attempts = 19 });
            return Task.CompletedTask;
        });

        // What is being sent right now cannot be crossed off, and what fails cannot be put back.
        await server.Kill();
        await server.StartAgain();

        await Eventually.True(() => ids.All(bus.Received.Ids.ToHashSet().Contains), TimeSpan.FromSeconds(60));
        await Eventually.Equal(0, () => database.Read(db => db.Outbox.CountAsync()), TimeSpan.FromSeconds(60));
        Assert.Equal(1, await database.Read(db => db.DeadLetters.CountAsync()));
    }
}
