using System.Collections.Concurrent;
using System.Diagnostics;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Work;
using DeployHub.Servers;
using DeployHub.Worker.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DeployHub.Integration.Persistence;

public sealed class WorkRunnerTests(Databases databases)
{
    // Work that is of no server has half of all places.
    private const int Slots = 256;

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Work_is_found_without_any_message(Provider provider)
    {
        await using var database = await databases.New(provider);
        var work = await Add(database);
        await using var worker = await Worker.Start(database);

        await Eventually.Equal("done", () => Task.FromResult(worker.Seen(work)));

        Assert.Equal(0, await database.Read(db => db.WorkItems.CountAsync()));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Work_whose_lease_was_lost_is_told_to_end_and_stores_nothing(Provider provider)
    {
        await using var database = await databases.New(provider);
        var work = await Add(database);
        await using var worker = await Worker.Start(database, (_, lease) => Forever(lease));
        await Eventually.Equal("begun", () => Task.FromResult(worker.Seen(work)));
        var thief = Guid.CreateVersion7();

        await database.Write(db => db.WorkItems.ExecuteUpdateAsync(set => set.SetProperty(x => x.Owner, thief)));

        // The next heartbeat finds it out.
        await Eventually.Equal("begun cancelled", () => Task.FromResult(worker.Seen(work)), TimeSpan.FromSeconds(6));
        Assert.Equal(thief, await database.Read(db => db.WorkItems.Select(x => x.Owner).SingleAsync()));
        Assert.Equal(0, worker.Runner.Running);
    }

    [Fact]
    public async Task While_the_database_is_away_a_run_ends_before_another_worker_may_begin()
    {
        await using var server = await Postgres.Start();
        await using var database = TestDatabase.On(await server.CreateDatabase());
        await database.Migrate(TestContext.Current.CancellationToken);
        var work = await Add(database);
        await using var first = await Worker.Start(database, (_, lease) => Forever(lease));
        await Eventually.Equal("begun", () => Task.FromResult(first.Seen(work)));
        await using var second = await Worker.Start(database);

        await server.Kill();
        await Eventually.Equal("begun cancelled", () => Task.FromResult(first.Seen(work)), TimeSpan.FromSeconds(12));
        await server.StartAgain();
        await Eventually.True(() => first.Seen(work).Contains("done", StringComparison.Ordinal) || second.Seen(work) == "done" || first.Begun(work) == 2, TimeSpan.FromSeconds(60));

        Assert.True(first.LastCancelled(work) < (second.FirstBegun(work) ?? DateTime.MaxValue));
        Assert.Equal(0, await database.Read(db => db.WorkItems.CountAsync(x => x.Attempts != 2)));
    }

    [Fact]
    public async Task A_host_that_stops_hands_its_work_back_and_another_takes_it_at_once()
    {
        await using var database = await databases.New(Provider.Postgres);
        Guid[] work = [await Add(database), await Add(database), await Add(database)];
        var first = await Worker.Start(database, (_, lease) => Forever(lease));
        await Eventually.True(() => work.All(x => first.Seen(x) == "begun"));
        await using var second = await Worker.Start(database);
        await first.Runner.Accept(StepAct.Deploy, Guid.CreateVersion7(), CancellationToken.None);

        await first.DisposeAsync();

        // Less than what is left of the leases.
        await Eventually.True(() => work.All(x => second.Seen(x) == "done"), TimeSpan.FromSeconds(8));
        Assert.All(work, x => Assert.Equal("begun cancelled", first.Seen(x)));
    }

    [Fact]
    public async Task The_embedded_server_takes_up_what_its_dead_predecessor_held_at_once()
    {
        await using var database = await databases.New(Provider.Sqlite);
        var work = await Add(database);
        Assert.True(await database.Read(db => db.Claim(StepAct.Deploy, work, Guid.CreateVersion7(), CancellationToken.None)));
        await using var worker = await Worker.Start(database);

        await Eventually.Equal("done", () => Task.FromResult(worker.Seen(work)), TimeSpan.FromSeconds(10));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Work_that_fails_unexpectedly_is_tried_again_after_a_pause_though_the_worker_is_busy(Provider provider)
    {
        await using var database = await databases.New(provider);
        var (lengthy, broken) = (await Add(database), Guid.Empty);
        await using var worker = await Worker.Start(database, (claim, lease) =>
            claim.SubjectId == lengthy ? Forever(lease) : throw new InvalidOperationException("broken"));
        await Eventually.Equal("begun", () => Task.FromResult(worker.Seen(lengthy)));

        // The second attempt is followed by four seconds of pause, over which a heartbeat falls.
        broken = await Add(database, attempts: 1);
        var watch = Stopwatch.StartNew();
        await worker.Runner.Accept(StepAct.Deploy, broken, CancellationToken.None);
        await Eventually.True(() => worker.Begun(broken) == 2, TimeSpan.FromSeconds(60));

        Assert.True(watch.Elapsed > TimeSpan.FromSeconds(3.5), $"It was tried again after {watch.Elapsed}.");
        Assert.Equal("begun", worker.Seen(lengthy));
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Work_that_keeps_failing_is_given_up(Provider provider)
    {
        await using var database = await databases.New(provider);
        var work = await Add(database, attempts: 4);
        await using var worker = await Worker.Start(database, (_, _) => throw new InvalidOperationException("broken"));

        await Eventually.Equal("begun given-up", () => Task.FromResult(worker.Seen(work)));

        Assert.Equal(0, await database.Read(db => db.WorkItems.CountAsync()));
    }

    [Fact]
    public async Task A_thousand_pieces_of_work_leave_every_slot_free()
    {
        await using var database = await databases.New(Provider.Sqlite);
        var hold = new TaskCompletionSource();
        var holding = false;
        await using var worker = await Worker.Start(database, async (claim, lease) =>
        {
            if (holding)
            {
                await hold.Task.WaitAsync(lease);
            }

            switch (claim.SubjectId.GetHashCode() & 3)
            {
                case 0 when !holding: throw new LeaseLostException(claim.Act, claim.SubjectId);
                case 1 when !holding: throw new InvalidOperationException("broken");
            }
        });
        var work = Enumerable.Range(0, 1000).Select(_ => Guid.CreateVersion7()).ToArray();
        await database.Write(db => db.WorkItems.AddRange(work.Select(x => new WorkItem { SubjectId = x, Act = StepAct.Deploy, Owner = Guid.Empty, Attempts = 4, ClaimableAt = DateTime.UtcNow })));
        await Parallel.ForEachAsync(work, async (x, ct) => await worker.Runner.Accept(StepAct.Deploy, x, ct));
        await Eventually.True(() => work.All(x => worker.Begun(x) > 0) && worker.Runner.Running == 0, TimeSpan.FromSeconds(60));

        holding = true;
        var next = Enumerable.Range(0, Slots).Select(_ => Guid.CreateVersion7()).ToArray();
        await database.Write(db => Array.ForEach(next, x => db.AddWork(StepAct.Deploy, x, x)));

        // The take-over may have been faster with some of them; then their commands find that they are at work, and end.
        var accepting = Task.WhenAll(next.Select(x => worker.Runner.Accept(StepAct.Deploy, x, CancellationToken.None)));
        await Eventually.True(() => worker.Runner.Running == Slots, TimeSpan.FromSeconds(60));
        hold.SetResult();
        await accepting.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await Eventually.True(() => worker.Runner.Running == 0);
    }

    [Fact]
    public async Task Work_beyond_the_places_is_left_to_stand_until_there_is_one()
    {
        await using var database = await databases.New(Provider.Sqlite);
        var work = Enumerable.Range(0, Slots).Select(_ => Guid.CreateVersion7()).ToArray();
        await database.Write(db => Array.ForEach(work, x => db.AddWork(StepAct.Deploy, x, x)));
        var first = new TaskCompletionSource();
        await using var worker = await Worker.Start(database, (claim, lease) => claim.SubjectId == work[0] ? first.Task : Forever(lease));
        await Eventually.Equal(Slots, () => Task.FromResult(worker.Runner.Running));

        // The command is taken in, so that those behind it are, and the row tells of the work.
        var next = await Add(database);
        await worker.Runner.Accept(StepAct.Deploy, next, CancellationToken.None);
        Assert.Equal("", worker.Seen(next));
        Assert.Equal(next, (await database.Read(db => db.Claimable(10, CancellationToken.None))).Single().SubjectId);

        first.SetResult();
        await Eventually.Equal("begun", () => Task.FromResult(worker.Seen(next)));
        Assert.Equal(Slots, worker.Runner.Running);
    }

    [Fact]
    public async Task A_host_that_stops_begins_nothing_more()
    {
        await using var database = await databases.New(Provider.Sqlite);
        var (begun, late) = (await Add(database), await Add(database));
        var worker = await Worker.Start(database, (_, lease) => Forever(lease), looks: false);
        await worker.Runner.Accept(StepAct.Deploy, begun, CancellationToken.None);

        await worker.DisposeAsync();
        await worker.Runner.Accept(StepAct.Deploy, late, CancellationToken.None);

        Assert.Equal(("begun cancelled", ""), (worker.Seen(begun), worker.Seen(late)));
        Assert.Equal(2, (await database.Read(db => db.Claimable(100, CancellationToken.None))).Count);
    }

    private static Task Forever(CancellationToken lease) => new TaskCompletionSource().Task.WaitAsync(lease);

    private static async Task<Guid> Add(TestDatabase database, int attempts = 0)
    {
        var subject = Guid.CreateVersion7();
        await database.Write(db => db.WorkItems.Add(new WorkItem { SubjectId = subject, PlanId = subject, Act = StepAct.Deploy, Attempts = attempts, ClaimableAt = DateTime.UtcNow }));
        return subject;
    }

    /// <summary>A worker without engines: its work does what the test says, and then ends as a step would.</summary>
    private sealed class Worker : IAsyncDisposable
    {
        private readonly ConcurrentDictionary<Guid, ConcurrentQueue<(string What, DateTime At)>> _seen = new();
        private readonly ServiceProvider _services;
        private bool _stopped;

        private Worker(TestDatabase database, Func<WorkClaim, CancellationToken, Task> act)
        {
            _services = new ServiceCollection().AddLogging(log => log.SetMinimumLevel(LogLevel.Critical)).AddPersistence(database.Options)
                .AddKeyedScoped<IStepWork>(StepAct.Deploy, (provider, _) => new Scripted(this, act, provider.GetRequiredService<DeployHubDb>())).BuildServiceProvider();
            Runner = ActivatorUtilities.CreateInstance<WorkRunner>(_services);
        }

        public WorkRunner Runner { get; }

        /// <param name="database">Where the work lies.</param>
        /// <param name="act">What it is.</param>
        /// <param name="looks">It looks for work by itself; else it does what it is told to.</param>
        public static async Task<Worker> Start(TestDatabase database, Func<WorkClaim, CancellationToken, Task>? act = null, bool looks = true)
        {
            var worker = new Worker(database, act ?? ((_, _) => Task.CompletedTask));
            await (looks ? worker.Runner.StartAsync(CancellationToken.None) : Task.CompletedTask);
            return worker;
        }

        public string Seen(Guid subject) => string.Join(" ", Of(subject).Select(x => x.What)).Replace("begun done", "done", StringComparison.Ordinal);

        public int Begun(Guid subject) => Of(subject).Count(x => x.What == "begun");

        public DateTime? FirstBegun(Guid subject) => Of(subject).Where(x => x.What == "begun").Select(x => (DateTime?)x.At).FirstOrDefault();

        public DateTime LastCancelled(Guid subject) => Of(subject).Last(x => x.What == "cancelled").At;

        public async ValueTask DisposeAsync()
        {
            if (!_stopped)
            {
                _stopped = true;
                using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
                await Runner.StopAsync(deadline.Token);
                await _services.DisposeAsync();
            }
        }

        private ConcurrentQueue<(string What, DateTime At)> Of(Guid subject) => _seen.GetOrAdd(subject, _ => new());

        private sealed class Scripted(Worker worker, Func<WorkClaim, CancellationToken, Task> act, DeployHubDb db) : IStepWork
        {
            public async Task Run(WorkClaim claim, CancellationToken lease)
            {
                Note(claim, "begun");
                try
                {
                    await act(claim, lease);
                }
                catch (OperationCanceledException)
                {
                    Note(claim, "cancelled");
                    throw;
                }

                await End(claim, "done", lease);
            }

            public Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease) => End(claim, "given-up", lease);

            private async Task End(WorkClaim claim, string what, CancellationToken lease)
            {
                await db.InTransaction(() => db.EndWork(claim.Act, claim.SubjectId, claim.Owner, lease), lease);
                Note(claim, what);
            }

            private void Note(WorkClaim claim, string what) => worker.Of(claim.SubjectId).Enqueue((what, DateTime.UtcNow));
        }
    }
}
