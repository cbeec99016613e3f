using System.Text;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.Tokens;
using DeployHub.Intake;
using DeployHub.Intake.ConfigSync;
using DeployHub.Integration.Hub;
using DeployHub.Persistence.Messaging;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.ConfigSync;

/// <summary>Batches that are cancelled and gone on with, on a real engine.</summary>
public sealed class StopBatchTests(SyncEngine fixture) : IClassFixture<SyncEngine>
{
    private static readonly Caller Ann = new("ann", null, Guid.NewGuid(), "ann", Role.Operator, null, null, null);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_running_batch_begins_nothing_more_and_is_kept_or_taken_back(bool rollback)
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("f0", "was here");
        var before = await rig.Host();
        using var held = new ManualResetEventSlim();
        rig.Proxy.Decide = line => !line.StartsWith("PUT", StringComparison.Ordinal) || held.Wait(TimeSpan.FromSeconds(60)) ? Fate.Pass : Fate.LostBefore;
        var id = await rig.Submit(rollback: true, [.. Enumerable.Range(0, 12).Select(i => new Wanted(rig.At($"f{i}"), Bytes($"new {i}")))]);
        await Eventually.Value(() => rig.Targets(id), targets => targets.Count(x => x.Status == TargetStatus.Running) == 8);

        Assert.Null(await Cancel(rig, id, rollback));
        Assert.Null(await Cancel(rig, id, null));
        Assert.Equal(409, (await Cancel(rig, id, !rollback))!.Status);
        held.Set();
        var end = await rig.End(id);

        var targets = await rig.Targets(id);
        Assert.Equal(4, targets.Count(x => x.Status == TargetStatus.Skipped));
        Assert.Equal(8, targets.Count(x => x.Status == (rollback ? TargetStatus.Restored : TargetStatus.Written)));
        Assert.StartsWith(rollback ? "RolledBack" : "Cancelled", end, StringComparison.Ordinal);
        Assert.Equal("ann", (await rig.Batch(id)).CancelledBy);
        Assert.Equal(rollback, before == await rig.Host());
        Assert.Contains(rollback ? "rolled_back" : "cancelled", (await Cancel(rig, id, null))!.Message, StringComparison.Ordinal);
        if (!rollback)
        {
            // What was kept is gone on from.
            Assert.Null(await Retry(rig, id));
            Assert.StartsWith("Ok", await rig.End(id), StringComparison.Ordinal);
            Assert.All(await rig.Targets(id), x => Assert.Equal(TargetStatus.Written, x.Status));
        }
    }

    [Fact]
    public async Task A_batch_that_waits_ends_at_once()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        using var held = new ManualResetEventSlim();
        rig.Proxy.Decide = line => !line.StartsWith("PUT", StringComparison.Ordinal) || held.Wait(TimeSpan.FromSeconds(60)) ? Fate.Pass : Fate.LostBefore;
        var first = await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("1")));
        await Eventually.Equal(BatchStatus.Running, () => rig.Status(first));
        var second = await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("2")));
        await Eventually.Equal(BatchStatus.Queued, () => rig.Status(second));

        Assert.Null(await Cancel(rig, second, true));

        Assert.Equal("Cancelled [Skipped] [Skipped]", await rig.End(second));
        Assert.Equal(BatchStatus.Running, await rig.Status(first));
        held.Set();
        Assert.Equal("Ok [Ok] [Written]", await rig.End(first));
        Assert.Equal("1", await File.ReadAllTextAsync(rig.At("a"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_batch_that_succeeded_in_part_goes_on_with_what_failed()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        var id = await rig.Submit(rollback: false, new Wanted(rig.At("a"), Bytes("1")), new Wanted(rig.At("missing/b"), Bytes("2")), new Wanted(rig.At("c"), Bytes("3")));
        Assert.Equal("Partial [Ok Failed Ok] [Written Failed:missing_folder Written]", await rig.End(id));

        Assert.Null(await Retry(rig, id));
        Assert.Equal("Partial [Ok Failed Ok] [Written Failed:missing_folder Written]", await Ended(rig, id));
        Directory.CreateDirectory(rig.At("missing"));
        Assert.Null(await Retry(rig, id));

        Assert.Equal("Ok [Ok Ok Ok] [Written Written Written]", await Ended(rig, id));
        Assert.Null((await rig.Batch(id)).Error);
        Assert.Equal(409, (await Retry(rig, id))!.Status);
    }

    [Fact]
    public async Task A_batch_that_failed_before_it_changed_anything_is_done_again()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        var id = await rig.Submit(rollback: true, new Wanted(rig.At("missing/b"), Bytes("2")));
        Assert.Equal("Failed [Failed] [Failed:missing_folder]", await rig.End(id));
        Directory.CreateDirectory(rig.At("missing"));

        Assert.Null(await Retry(rig, id));

        Assert.Equal("Ok [Ok] [Written]", await Ended(rig, id));
    }

    [Fact]
    public async Task A_batch_that_could_not_bring_everything_back_goes_on_with_that()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        await rig.Put("a", "old");
        await rig.Put("folder/inside", "x");
        var puts = 0;
        rig.Proxy.Decide = line =>
        {
            if (line.StartsWith("PUT", StringComparison.Ordinal) && ++puts == 2)
            {
                File.WriteAllText(rig.At("a"), "theirs");
            }

            return Fate.Pass;
        };
        var id = await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("new")), new Wanted(rig.At("folder"), Bytes("no")));
        Assert.Equal("Partial [RollbackFailed Failed] [RestoreFailed:restore_failed Failed:target_is_no_file]", await rig.End(id));

        await File.WriteAllTextAsync(rig.At("a"), "new", TestContext.Current.CancellationToken);
        Assert.Null(await Retry(rig, id));

        Assert.Equal("RolledBack [RolledBack Failed] [Restored Failed:target_is_no_file]", await Ended(rig, id));
        Assert.Equal("old", await File.ReadAllTextAsync(rig.At("a"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_cancel_whose_command_is_told_twice_or_for_nothing_changes_nothing_more()
    {
        await using var rig = await SyncRig.Open(fixture.Engine);
        var id = await rig.Submit(rollback: true, new Wanted(rig.At("a"), Bytes("1")));
        await rig.InDb(db => db.InTransaction(
            () =>
            {
                db.Send(Queues.ConfigSyncs, id, new CancelSyncBatch(id));
                db.Send(Queues.ConfigSyncs, id, new RetrySyncBatch(id));
                return Task.CompletedTask;
            },
            default));

        Assert.Equal("Ok [Ok] [Written]", await rig.End(id));
    }

    // A retry begins when the helpers of the former try are gone: until then the batch is under way and nothing of it moves.
    private static async Task<string> Ended(SyncRig rig, Guid id)
    {
        await Eventually.True(async () => !await rig.Read(db => db.TargetLocks.AnyAsync(x => x.PlanId == id)), TimeSpan.FromSeconds(60));
        return await rig.End(id);
    }

    private static Task<Refusal?> Cancel(SyncRig rig, Guid id, bool? rollback) => rig.Read(async db =>
        (await new AcceptBatchCancel(db).Accept(id, new CancelBatchRequest { Rollback = rollback }, Ann, CancellationToken.None)).IsRefused(out var refusal, out _) ? refusal : null);

    private static Task<Refusal?> Retry(SyncRig rig, Guid id) => rig.Read(async db =>
        (await new AcceptBatchRetry(db).Accept(id, Ann, CancellationToken.None)).IsRefused(out var refusal, out _) ? refusal : null);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
