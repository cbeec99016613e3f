using DeployHub.Domain.Deployments;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Persistence;

/// <summary>Times are compared by the database's clock, to fractions of a second, and come back as UTC.</summary>
public sealed class ClockTests(Databases databases)
{
    private static readonly double[] Offsets = [-86400, -3, -1, -0.5, -0.1, 0.9, 1.5, 3, 86400];

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task What_is_due_is_found_to_the_fraction_of_a_second(Provider provider)
    {
        await using var database = await databases.New(provider);
        var plan = Guid.CreateVersion7();
        await database.Write(db => db.WorkItems.AddRange(Offsets.Select(x => new WorkItem
        {
            SubjectId = Guid.CreateVersion7(), PlanId = plan, Act = StepAct.Deploy, Owner = plan, ClaimableAt = DateTime.UtcNow.AddSeconds(x), Attempts = (int)(x * 10),
        })));

        var due = await database.Read(db => db.Claimable(100, CancellationToken.None));

        Assert.Equal([-864000, -30, -10, -5, -1], due.Select(x => x.Attempts));
        Assert.Equal(-864000, (await database.Read(db => db.Claimable(1, CancellationToken.None))).Single().Attempts);
    }

    // Whole seconds are where text that is compared as text goes wrong.
    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Times_with_and_without_fractions_sort_as_times(Provider provider)
    {
        await using var database = await databases.New(provider);
        var second = new DateTime(2026, 1, 31, 10, 0, 0, DateTimeKind.Utc);
        DateTime[] times = [second, second.AddTicks(10), second.AddMilliseconds(1), second.AddMilliseconds(100), second.AddMilliseconds(120), second.AddSeconds(1), second.AddMinutes(1)];
        await database.Write(db => db.Inbox.AddRange(times.Reverse().Select(x => new InboxMessage { MessageId = Guid.CreateVersion7(), Consumer = "test", ReceivedAt = x })));

        Assert.Equal(times, await database.Read(db => db.Inbox.OrderBy(x => x.ReceivedAt).Select(x => x.ReceivedAt).ToListAsync()));
        foreach (var time in times)
        {
            Assert.Equal(Array.IndexOf(times, time), await database.Read(db => db.Inbox.CountAsync(x => x.ReceivedAt < time)));
        }
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task A_time_that_the_database_wrote_is_UTC_and_near_ours(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (subject, owner) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await database.Write(db => db.AddWork(StepAct.Deploy, subject, subject));
        var before = DateTime.UtcNow.AddMilliseconds(-5);
        Assert.True(await database.Read(db => db.Claim(StepAct.Deploy, subject, owner, CancellationToken.None)));

        var until = await database.Read(db => db.WorkItems.Select(x => x.ClaimableAt).SingleAsync());
        var next = await database.Read(db => db.NextClaimableAt(CancellationToken.None));

        Assert.Equal((DateTimeKind.Utc, DateTimeKind.Utc), (until.Kind, next!.Value.Kind));
        Assert.Equal(until, next);
        Assert.InRange(until, before + WorkClaims.Lease, DateTime.UtcNow.AddMilliseconds(5) + WorkClaims.Lease);
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task A_pause_of_a_fraction_of_a_second_is_that_fraction(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (subject, owner) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await database.Write(db => db.AddWork(StepAct.Deploy, subject, subject));
        await database.Read(db => db.Claim(StepAct.Deploy, subject, owner, CancellationToken.None));
        var before = DateTime.UtcNow;

        await database.Read(async db =>
        {
            await db.GiveBack(StepAct.Deploy, subject, owner, TimeSpan.FromMilliseconds(750), CancellationToken.None);
            return 0;
        });

        Assert.InRange((await database.Read(db => db.NextClaimableAt(CancellationToken.None)))!.Value, before.AddMilliseconds(745), DateTime.UtcNow.AddMilliseconds(755));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Optional_times_come_back_as_UTC_or_not_at_all(Provider provider)
    {
        await using var database = await databases.New(provider);
        var environment = Guid.CreateVersion7();
        await database.Write(db =>
        {
            db.Environments.Add(new() { Id = environment, Name = "production", CreatedAt = DateTime.UtcNow, UpdatedAt = DateTime.UtcNow });
            db.Servers.Add(new() { Id = Guid.CreateVersion7(), EnvironmentId = environment, Name = "a", Endpoint = "unix:///a" });
            db.Servers.Add(new() { Id = Guid.CreateVersion7(), EnvironmentId = environment, Name = "b", Endpoint = "unix:///b", LastSeenAt = new DateTime(2026, 1, 31, 10, 0, 0, DateTimeKind.Utc) });
        });

        var seen = await database.Read(db => db.Servers.OrderBy(x => x.Name).ToListAsync());

        Assert.Null(seen[0].LastSeenAt);
        Assert.Equal(new DateTime(2026, 1, 31, 10, 0, 0, DateTimeKind.Utc), seen[1].LastSeenAt);
        Assert.Equal(DateTimeKind.Utc, seen[1].LastSeenAt!.Value.Kind);
    }
}
