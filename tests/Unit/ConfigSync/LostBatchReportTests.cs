using DeployHub.Contracts.ConfigSync;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Unit.ConfigSync;

/// <summary>A message may be lost (it was in memory, or it failed too often while the database was away): the sweep's nudge drives the batch on from its rows.</summary>
public sealed class LostBatchReportTests(BatchRig rig) : IClassFixture<BatchRig>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lost_preparation_is_done_again(bool refused)
    {
        var batch = await rig.Submit();
        await rig.Prepare(batch, tell: 0);
        Assert.Equal("Preparing", (await rig.Saga(batch))!.CurrentState);

        await Nudge(batch);

        await (refused ? rig.Refuse(batch) : rig.Prepare(batch));
        await rig.Reaches(batch, refused ? "Ended" : "Running");
    }

    [Fact]
    public async Task A_preparation_that_is_still_outstanding_is_not_asked_for_twice()
    {
        var batch = await rig.Submit();
        await Nudge(batch);

        Assert.Equal("SyncPrepare", await rig.Outstanding(batch));
        await rig.Prepare(batch);
        await rig.Reaches(batch, "Running");
    }

    [Fact]
    public async Task Lost_results_of_targets_are_told_again_and_counted_once()
    {
        var batch = await rig.Begin(targets: 4);
        await rig.Synced(batch, 0, tell: 0);
        await rig.Synced(batch, 1);
        await rig.Synced(batch, 3, tell: 0);
        await Nudge(batch);
        await rig.Fail(batch, 2, tell: 0);
        await Nudge(batch);

        await rig.Reaches(batch, "Restoring");
        await rig.Restore(batch, 3, tell: 0);
        await rig.NotRestore(batch, 2, tell: 0);
        await rig.Restore(batch, 1);
        await Nudge(batch);
        await rig.Restore(batch, 0, tell: 0);
        await Nudge(batch);

        Assert.Equal(BatchStatus.Partial, await rig.Reaches(batch, "CleaningUp"));
        await rig.CleanUp(batch);
        await rig.Reaches(batch, "Ended");
        await rig.Events(batch, 8);
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task A_result_lost_while_draining_is_told_again()
    {
        var batch = await rig.Begin(targets: 2);
        await rig.Fail(batch, 0, touched: false);
        await rig.Reaches(batch, "Draining");
        await rig.Synced(batch, 1, tell: 0, unchanged: true);

        await Nudge(batch);

        Assert.Equal(BatchStatus.Failed, await rig.Reaches(batch, "CleaningUp"));
    }

    [Fact]
    public async Task Cleaning_up_whose_report_was_lost_is_done_again()
    {
        var batch = await rig.Begin();
        await rig.Synced(batch, 0);
        await rig.CleanUp(batch, tell: 0);
        Assert.Equal("CleaningUp", (await rig.Saga(batch))!.CurrentState);

        await Nudge(batch);
        await Nudge(batch);

        Assert.Equal("SyncCleanUp", await rig.Outstanding(batch));
        await rig.CleanUp(batch);
        await rig.Reaches(batch, "Ended");
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task A_batch_that_was_not_told_of_free_files_finds_them_free()
    {
        var path = $"/opt/{Guid.NewGuid()}";
        var first = await rig.Begin(1, true, 0, path);
        var second = await rig.Begin(1, true, 0, path);
        await rig.Reaches(second, "Queued");
        await Nudge(second);
        Assert.Equal("Queued", (await rig.Saga(second))!.CurrentState);
        await rig.Write(db => db.TargetLocks.Where(x => x.PlanId == first.Id).ExecuteDeleteAsync());

        await Nudge(second);

        await rig.Reaches(second, "Running");
    }

    [Fact]
    public async Task A_nudge_changes_nothing_where_a_worker_is_still_at_it()
    {
        var batch = await rig.Begin(targets: 3);
        await Nudge(batch);
        Assert.Equal("SyncWrite:0 SyncWrite:1 SyncWrite:2", await rig.Outstanding(batch));
        await rig.Synced(batch, 0);
        await rig.Fail(batch, 1);
        await Nudge(batch);
        Assert.Equal("SyncWrite:2", await rig.Outstanding(batch));
        await rig.Synced(batch, 2);
        await Nudge(batch);
        Assert.Equal("SyncRestore:0 SyncRestore:1 SyncRestore:2", await rig.Outstanding(batch));
        await rig.Events(batch, 3);
    }

    private Task Nudge(RigBatch batch) => rig.Tell(batch, new SyncBatchNudged(batch.Id));
}
