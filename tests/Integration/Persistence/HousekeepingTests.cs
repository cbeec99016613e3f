using DeployHub.Domain.Tokens;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Persistence;

/// <summary>What is old goes, what is not stays; on both databases.</summary>
public abstract class HousekeepingTests(Databases databases, Provider provider)
{
    [Fact]
    public async Task What_nobody_can_ask_for_any_more_is_forgotten_and_the_rest_is_kept()
    {
        await using var database = await databases.New(provider);
        var (now, stream) = (DateTime.UtcNow, Guid.CreateVersion7());
        await database.Write(db =>
        {
            for (var i = 0; i < 2500; i++)
            {
                db.Inbox.Add(new InboxMessage { MessageId = Guid.CreateVersion7(), Consumer = "test", ReceivedAt = now.AddDays(-8).AddSeconds(i / 3) });
            }

            db.Inbox.Add(new InboxMessage { MessageId = Guid.CreateVersion7(), Consumer = "test", ReceivedAt = now.AddDays(-6) });
            db.IdempotencyKeys.Add(new IdempotencyKey { Caller = "c", Key = "old", RequestHash = "", ResourceId = Guid.Empty, CreatedAt = now.AddHours(-25) });
            db.IdempotencyKeys.Add(new IdempotencyKey { Caller = "c", Key = "new", RequestHash = "", ResourceId = Guid.Empty, CreatedAt = now.AddHours(-23) });
            db.AuditEntries.Add(new AuditEntry { Id = Guid.CreateVersion7(), Actor = "old", Action = "test", At = now.AddDays(-366) });
            db.AuditEntries.Add(new AuditEntry { Id = Guid.CreateVersion7(), Actor = "new", Action = "test", At = now.AddDays(-364) });
            db.StreamHeads.Add(new StreamHead { StreamId = stream, Last = 2 });
            db.StreamEntries.Add(new StreamEntry { StreamId = stream, Number = 1, Kind = "old", Data = "{}", At = now.AddDays(-8) });
            db.StreamEntries.Add(new StreamEntry { StreamId = stream, Number = 2, Kind = "new", Data = "{}", At = now.AddDays(-6) });
            db.DeadLetters.Add(new DeadLetter { Id = Guid.CreateVersion7(), Reason = "old", FailedAt = now.AddDays(-31) });
            db.DeadLetters.Add(new DeadLetter { Id = Guid.CreateVersion7(), Reason = "new", FailedAt = now.AddDays(-29) });
        });

        await database.Write(db => new Housekeeping(db, database.Options).Forget(TestContext.Current.CancellationToken));

        Assert.Equal(1, await database.Read(db => db.Inbox.CountAsync()));
        Assert.Equal("new", await database.Read(db => db.IdempotencyKeys.Select(x => x.Key).SingleAsync()));
        Assert.Equal("new", await database.Read(db => db.AuditEntries.Select(x => x.Actor).SingleAsync()));
        Assert.Equal("new", await database.Read(db => db.StreamEntries.Select(x => x.Kind).SingleAsync()));
        Assert.Equal(2, await database.Read(db => db.StreamHeads.Select(x => x.Last).SingleAsync()));
        Assert.Equal("new", await database.Read(db => db.DeadLetters.Select(x => x.Reason).SingleAsync()));
    }
}

public sealed class SqliteHousekeepingTests(Databases databases) : HousekeepingTests(databases, Provider.Sqlite), IClassFixture<Databases>;

public sealed class PostgresHousekeepingTests(Databases databases) : HousekeepingTests(databases, Provider.Postgres), IClassFixture<Databases>;
