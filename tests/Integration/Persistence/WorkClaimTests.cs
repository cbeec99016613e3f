using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Persistence;

public sealed class WorkClaimTests(Databases databases)
{
    private static readonly Guid A = Guid.CreateVersion7();
    private static readonly Guid B = Guid.CreateVersion7();
    private readonly Guid _subject = Guid.CreateVersion7();

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Of_many_owners_that_race_for_one_piece_of_work_one_wins(Provider provider)
    {
        await using var database = await databases.New(provider);
        for (var round = 0; round < 10; round++)
        {
            var subject = Guid.CreateVersion7();
            await database.Write(db => db.AddWork(StepAct.Deploy, subject, subject));
            var owners = Enumerable.Range(0, 8).Select(_ => Guid.CreateVersion7()).ToArray();

            var won = await Task.WhenAll(owners.Select(owner => Task.Run(() => database.Read(db => db.Claim(StepAct.Deploy, subject, owner, CancellationToken.None)))));

            var winner = owners[Array.IndexOf(won, true)];
            Assert.Single(won, x => x);
            var row = await database.Read(db => db.WorkItems.SingleAsync(x => x.SubjectId == subject));
            Assert.Equal((winner, 1), (row.Owner, row.Attempts));
        }
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task A_lease_is_taken_over_when_it_ran_out_and_not_before(Provider provider)
    {
        await using var database = await Claimed(provider);
        Assert.False(await Claim(database, B));
        Assert.False(await Claim(database, A));

        await Expire(database);

        Assert.True(await Claim(database, B));
        Assert.False(await Claim(database, A));
        Assert.Equal(2, (await Row(database)).Attempts);
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task The_same_subject_may_be_worked_on_in_another_way(Provider provider)
    {
        await using var database = await Claimed(provider);
        await database.Write(db => db.AddWork(StepAct.Rollback, _subject, _subject));

        Assert.True(await database.Read(db => db.Claim(StepAct.Rollback, _subject, B, CancellationToken.None)));
        Assert.False(await database.Read(db => db.Claim(StepAct.Finalize, _subject, B, CancellationToken.None)));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task A_heartbeat_extends_what_its_owner_holds_and_is_at(Provider provider)
    {
        await using var database = await Claimed(provider);
        var (expired, paused, foreign) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var soon = DateTime.UtcNow.AddSeconds(3);
        await database.Write(db =>
        {
            db.WorkItems.Add(new() { SubjectId = expired, Act = StepAct.Deploy, Owner = A, ClaimableAt = DateTime.UtcNow.AddSeconds(-0.2) });
            db.WorkItems.Add(new() { SubjectId = paused, Act = StepAct.Deploy, Owner = A, ClaimableAt = soon });
            db.WorkItems.Add(new() { SubjectId = foreign, Act = StepAct.Deploy, Owner = B, ClaimableAt = soon });
        });
        await database.Write(db => db.WorkItems.Where(x => x.SubjectId == _subject).ExecuteUpdateAsync(set => set.SetProperty(x => x.ClaimableAt, soon)));

        // The paused one is this owner's, but nothing of it runs: to extend it would put it off for ever.
        var held = await database.Read(db => db.Heartbeat(A, [_subject, expired, foreign], CancellationToken.None));

        Assert.Equal([new HeldWork(_subject, StepAct.Deploy, null)], held);
        Assert.True((await Row(database)).ClaimableAt > soon.AddSeconds(5));
        Assert.Equal(3, await database.Read(db => db.WorkItems.CountAsync(x => x.SubjectId != _subject && x.ClaimableAt <= soon)));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task A_heartbeat_tells_where_work_is_to_stop(Provider provider)
    {
        await using var database = await Claimed(provider);
        await database.Write(db => db.WorkItems.Where(x => x.SubjectId == _subject).ExecuteUpdateAsync(set => set.SetProperty(x => x.StopAt, StopPoint.Anywhere)));

        var held = await database.Read(db => db.Heartbeat(A, [_subject], CancellationToken.None));

        Assert.Equal([new HeldWork(_subject, StepAct.Deploy, StopPoint.Anywhere)], held);
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task A_result_that_comes_too_late_is_rolled_back_with_all_that_belongs_to_it(Provider provider)
    {
        await using var database = await Claimed(provider);
        await Expire(database);
        Assert.True(await Claim(database, B));

        await Assert.ThrowsAsync<LeaseLostException>(() => database.Write(async db =>
        {
            db.Environments.Add(new() { Id = Guid.CreateVersion7(), Name = "late" });
            db.Send(Queues.Deployments, _subject, new StepSucceeded(_subject, _subject));
            await db.SaveChangesAsync();
            await db.EndWork(StepAct.Deploy, _subject, A, CancellationToken.None);
        }));

        Assert.Equal((0, 0, B), await database.Read(async db => (await db.Environments.CountAsync(), await db.Outbox.CountAsync(), (await db.WorkItems.SingleAsync()).Owner!.Value)));
        await database.Write(db => db.EndWork(StepAct.Deploy, _subject, B, CancellationToken.None));
        Assert.Equal(0, await database.Read(db => db.WorkItems.CountAsync()));
        await Assert.ThrowsAsync<LeaseLostException>(() => database.Write(db => db.EndWork(StepAct.Deploy, _subject, B, CancellationToken.None)));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Work_that_is_given_back_may_be_taken_at_once(Provider provider)
    {
        await using var database = await Claimed(provider);

        await GiveBack(database, B, TimeSpan.Zero);
        Assert.False(await Claim(database, B));

        await GiveBack(database, A, TimeSpan.Zero);
        Assert.Single(await database.Read(db => db.Claimable(10, CancellationToken.None)));
        Assert.True(await Claim(database, B));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Work_that_is_given_back_with_a_pause_is_taken_by_nobody_until_it_is_over(Provider provider)
    {
        await using var database = await Claimed(provider);

        await GiveBack(database, A, TimeSpan.FromSeconds(30));
        Assert.Empty(await database.Read(db => db.Claimable(10, CancellationToken.None)));
        Assert.False(await Claim(database, B));
        Assert.False(await Claim(database, A));

        await Expire(database);
        Assert.True(await Claim(database, B));
    }

    private async Task<TestDatabase> Claimed(Provider provider)
    {
        var database = await databases.New(provider);
        await database.Write(db => db.AddWork(StepAct.Deploy, _subject, _subject));
        Assert.True(await Claim(database, A));
        return database;
    }

    private Task<bool> Claim(TestDatabase database, Guid owner) => database.Read(db => db.Claim(StepAct.Deploy, _subject, owner, CancellationToken.None));

    private Task GiveBack(TestDatabase database, Guid owner, TimeSpan pause) => database.Write(db => db.GiveBack(StepAct.Deploy, _subject, owner, pause, CancellationToken.None));

    private Task Expire(TestDatabase database) => database.Write(db =>
        db.WorkItems.Where(x => x.SubjectId == _subject).ExecuteUpdateAsync(set => set.SetProperty(x => x.ClaimableAt, x => DateTime.UtcNow.AddSeconds(-0.05))));

    private Task<WorkItem> Row(TestDatabase database) => database.Read(db => db.WorkItems.AsNoTracking().SingleAsync(x => x.SubjectId == _subject));
}
