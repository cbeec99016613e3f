using System.Collections.Concurrent;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence.Locks;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Persistence;

public sealed class TargetLockTests(Databases databases)
{
    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task A_plan_gets_all_its_targets_or_none(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (first, second) = (await LineUp(database, "a", "b"), await LineUp(database, "b", "c"));

        Assert.True(await TryTake(database, first));
        Assert.True(await TryTake(database, first));
        Assert.False(await TryTake(database, second));
        Assert.Equal(2, await database.Read(db => db.TargetLocks.CountAsync(x => x.Granted)));

        Assert.Equal([second], await Release(database, first));
        Assert.True(await TryTake(database, second));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Nobody_overtakes_one_who_came_before(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (holder, waiter, later) = (await LineUp(database, "a"), await LineUp(database, "a", "b"), await LineUp(database, "b"));
        Assert.True(await TryTake(database, holder));
        Assert.False(await TryTake(database, waiter));

        // Its target is free, but somebody who came before waits for it.
        Assert.False(await TryTake(database, later));

        Assert.Equal([waiter], await Release(database, holder));
        Assert.False(await TryTake(database, later));
        Assert.True(await TryTake(database, waiter));
        Assert.Equal([later], await Release(database, waiter));
        Assert.True(await TryTake(database, later));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task The_first_to_come_holds_the_targets_whoever_asks_first(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (first, second) = (await LineUp(database, "a"), await LineUp(database, "a"));

        Assert.False(await TryTake(database, second));
        Assert.True(await TryTake(database, first));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task A_release_tells_everyone_who_waited_the_oldest_first(Provider provider)
    {
        await using var database = await databases.New(provider);
        var holder = await LineUp(database, "a", "b", "c");
        Assert.True(await TryTake(database, holder));
        var (x, y, z, other) = (await LineUp(database, "c", "d"), await LineUp(database, "a"), await LineUp(database, "a", "c"), await LineUp(database, "d"));

        Assert.Equal([x, y, z], await Release(database, holder));
        Assert.Empty(await Release(database, holder));
        Assert.True(await TryTake(database, x));
        Assert.False(await TryTake(database, other));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task A_target_that_is_named_twice_is_lined_up_for_once(Provider provider)
    {
        await using var database = await databases.New(provider);
        Assert.True(await TryTake(database, await LineUp(database, "a", "a")));
    }

    // Two plans that are accepted at the same moment draw their numbers in turns.
    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Plans_whose_numbers_interlock_do_not_wait_for_each_other_for_ever(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        foreach (var (plan, key) in new[] { (first, "a"), (second, "b"), (second, "a"), (first, "b") })
        {
            await database.Write(db => db.LineUp(plan, [key]));
        }

        Assert.False(await TryTake(database, second));
        Assert.True(await TryTake(database, first));
        Assert.Equal([second], await Release(database, first));
        Assert.True(await TryTake(database, second));
    }

    // Three plans for an engine that nobody has seen; the second is the first to find out which one it is.
    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Nobody_overtakes_one_who_did_not_know_the_engine_yet(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (server, elsewhere) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var unknown = TargetLock.ForContainer(TargetLock.UnknownEngine(server), "api");
        var known = TargetLock.ForContainer("E1", "api");
        var other = TargetLock.ForContainer(TargetLock.UnknownEngine(elsewhere), "api");
        var (first, second, third) = (await LineUp(database, unknown, other), await LineUp(database, unknown), await LineUp(database, unknown, known));

        await database.Write(db => db.NameByEngine(server, "E1", CancellationToken.None));

        Assert.False(await TryTake(database, second));
        Assert.False(await TryTake(database, third));
        Assert.True(await TryTake(database, first));
        Assert.Equal([known, other], (await database.Read(db => db.TargetLocks.Where(x => x.PlanId == first).Select(x => x.Key).ToListAsync())).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Many_plans_at_once_never_share_a_target_and_all_come_to_their_end(Provider provider)
    {
        const int plans = 200;
        await using var database = await databases.New(provider);
        var holders = new ConcurrentDictionary<string, Guid>();
        var told = new ConcurrentDictionary<Guid, SemaphoreSlim>();
        var ended = 0;

        await Parallel.ForEachAsync(Enumerable.Range(0, plans), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (seed, ct) =>
        {
            var random = new Random(seed);
            var keys = Enumerable.Range(0, 10).OrderBy(_ => random.Next()).Take(random.Next(1, 5)).Select(x => $"key-{x}").ToArray();
            var plan = Guid.CreateVersion7();
            var wake = told.GetOrAdd(plan, _ => new SemaphoreSlim(0));
            await database.Write(db => db.LineUp(plan, keys));
            while (!await TryTake(database, plan))
            {
                // Nothing but the release of those before it wakes a plan, as in the machine.
                Assert.True(await wake.WaitAsync(TimeSpan.FromSeconds(60), ct), $"Plan {seed} was forgotten.");
            }

            Assert.All(keys, key => Assert.True(holders.TryAdd(key, plan), $"{key} was granted twice."));
            await Task.Yield();
            Assert.All(keys, key => Assert.True(holders.TryRemove(key, out _)));
            foreach (var next in await Release(database, plan))
            {
                told.GetOrAdd(next, _ => new SemaphoreSlim(0)).Release();
            }

            Interlocked.Increment(ref ended);
        });

        Assert.Equal((plans, 0), (ended, await database.Read(db => db.TargetLocks.CountAsync())));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Who_waits_sees_who_stands_before_it_and_at_what(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (holder, waiter, later) = (await LineUp(database, "a", "b"), await LineUp(database, "a", "c"), await LineUp(database, "c", "b"));
        Assert.True(await TryTake(database, holder));

        Assert.Empty(await Ahead(database, holder));
        Assert.Equal([new TargetAhead(holder, "a")], await Ahead(database, waiter));
        Assert.Equal([new TargetAhead(holder, "b"), new TargetAhead(waiter, "c")], await Ahead(database, later));
        Assert.Empty(await Ahead(database, Guid.NewGuid()));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task What_nobody_holds_is_found_and_what_somebody_does_is_left_alone(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (gone, ended, waiting, cleaning) = (await LineUp(database, "a"), await LineUp(database, "b"), await LineUp(database, "c"), await LineUp(database, "d"));
        await database.Write(db =>
        {
            db.Plans.AddRange(Plan(ended, PlanStatus.Failed), Plan(waiting, PlanStatus.Queued), Plan(cleaning, PlanStatus.Completed));
            db.DeploymentStates.Add(new() { CorrelationId = cleaning, CurrentState = "Finalizing", HoldsTargets = true });
        });

        Assert.Equal(new[] { gone, ended }.Order(), (await database.Read(db => db.Orphans(CancellationToken.None))).Order());
    }

    private static DeploymentPlan Plan(Guid id, PlanStatus status) => new()
    {
        Id = id, ImageName = "shop/api", Status = status, TriggerType = "api", TriggeredBy = "test", CreatedAt = DateTime.UtcNow, UpdatedAt = DateTime.UtcNow,
    };

    private static Task<List<TargetAhead>> Ahead(TestDatabase database, Guid plan) => database.Read(db => db.Ahead(plan, CancellationToken.None));

    private static async Task<Guid> LineUp(TestDatabase database, params string[] keys)
    {
        var plan = Guid.CreateVersion7();
        await database.Write(db => db.LineUp(plan, keys));
        return plan;
    }

    private static async Task<bool> TryTake(TestDatabase database, Guid plan)
    {
        var taken = false;
        await database.Write(async db => taken = await db.TryTake(plan, CancellationToken.None));
        return taken;
    }

    private static async Task<List<Guid>> Release(TestDatabase database, Guid plan)
    {
        List<Guid> told = [];
        await database.Write(async db => told = await db.Release(plan, CancellationToken.None));
        return told;
    }
}
