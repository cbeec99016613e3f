using DeployHub.Domain.Environments;
using DeployHub.Persistence;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Persistence;

/// <summary>Those who ask while a read is under way share the next one, and are told what stood there after they asked.</summary>
public sealed class SharedReadsTests(Databases databases)
{
    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task Who_asks_during_a_read_is_told_what_was_written_before_it_asked(Provider provider)
    {
        await using var database = await databases.New(provider);
        var reads = new Reads();
        var shared = new SharedReads<Guid, DeploymentEnvironment>(database.Scopes, reads.Read);
        var (first, second, absent) = (NewEnvironment("first"), NewEnvironment("second"), Guid.CreateVersion7());
        await database.Write(db => db.Environments.Add(first));

        reads.Hold();
        var early = shared.Find(first.Id, CancellationToken.None);
        await Eventually.True(() => reads.Count == 1);
        await database.Write(db => db.Environments.Add(second));
        await database.Write(db => db.Environments.Where(x => x.Id == first.Id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Name, "renamed")));
        var late = Enumerable.Range(0, 20).Select(i => shared.Find(i % 2 == 0 ? first.Id : second.Id, CancellationToken.None)).ToList();
        var none = shared.Find(absent, CancellationToken.None);
        reads.LetGo();

        await early;
        Assert.Equal(["renamed", "second"], (await Task.WhenAll(late)).Select(x => x!.Name).Distinct());
        Assert.Null(await none);
        Assert.True(reads.Count <= 3, $"{reads.Count} reads for 22 who asked");
    }

    [Fact]
    public async Task Nobody_waits_for_a_read_that_hangs_but_those_whose_it_is()
    {
        await using var database = await databases.New(Provider.Sqlite);
        var reads = new Reads();
        var shared = new SharedReads<Guid, DeploymentEnvironment>(database.Scopes, reads.Read);
        var wanted = NewEnvironment("wanted");
        await database.Write(db => db.Environments.Add(wanted));

        reads.Hold();
        using var patience = new CancellationTokenSource();
        var hanging = shared.Find(wanted.Id, patience.Token);
        await Eventually.True(() => reads.Count == 1);
        var other = shared.Find(wanted.Id, CancellationToken.None);
        await Eventually.True(() => reads.Count == 2);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        Assert.False(other.IsCompleted);
        reads.LetGo();
        Assert.Equal("wanted", (await other)!.Name);
    }

    [Fact]
    public async Task A_read_that_keeps_its_thread_holds_nobody_up_either()
    {
        await using var database = await databases.New(Provider.Sqlite);
        using var gate = new ManualResetEventSlim();
        var count = 0;
        var shared = new SharedReads<Guid, DeploymentEnvironment>(database.Scopes, (_, _) =>
        {
            Interlocked.Increment(ref count);
            Assert.True(gate.Wait(Eventually.Deadline, TestContext.Current.CancellationToken));
            return Task.FromResult(new Dictionary<Guid, DeploymentEnvironment>());
        });

        // Were they read on the thread of whoever asks, the first question would not come back.
        var asked = new[] { shared.Find(Guid.CreateVersion7(), CancellationToken.None), shared.Find(Guid.CreateVersion7(), CancellationToken.None) };
        await Eventually.True(() => Volatile.Read(ref count) == 2);
        Assert.All(asked, find => Assert.False(find.IsCompleted));
        gate.Set();
        Assert.All(await Task.WhenAll(asked), Assert.Null);
    }

    [Fact]
    public async Task A_read_that_fails_tells_all_who_share_it_and_the_next_is_tried()
    {
        await using var database = await databases.New(Provider.Sqlite, migrated: false);
        var shared = new SharedReads<Guid, DeploymentEnvironment>(database.Scopes, new Reads().Read);
        var id = Guid.CreateVersion7();

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Assert.ThrowsAnyAsync<Exception>(() => shared.Find(id, CancellationToken.None))));
        await database.Migrate(TestContext.Current.CancellationToken);
        Assert.Null(await shared.Find(id, CancellationToken.None));
    }

    private static DeploymentEnvironment NewEnvironment(string name) => new() { Id = Guid.CreateVersion7(), Name = name, CreatedAt = DateTime.UtcNow, UpdatedAt = DateTime.UtcNow };

    private sealed class Reads
    {
        private TaskCompletionSource _gate = Open();
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void Hold() => _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void LetGo() => _gate.TrySetResult();

        public async Task<Dictionary<Guid, DeploymentEnvironment>> Read(DeployHubDb db, IReadOnlyCollection<Guid> ids)
        {
            Interlocked.Increment(ref _count);
            await _gate.Task;
            return await db.Environments.AsNoTracking().Where(x => ids.Contains(x.Id)).ToDictionaryAsync(x => x.Id);
        }

        private static TaskCompletionSource Open()
        {
            var open = new TaskCompletionSource();
            open.SetResult();
            return open;
        }
    }
}
