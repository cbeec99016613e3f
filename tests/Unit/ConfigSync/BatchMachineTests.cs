using DeployHub.Contracts.ConfigSync;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Unit.ConfigSync;

public sealed class BatchMachineTests(BatchRig rig) : IClassFixture<BatchRig>
{
    [Fact]
    public async Task A_batch_whose_targets_are_all_right_is_ok_and_cleaned_up_after()
    {
        var batch = await rig.Begin(targets: 3);
        Assert.Equal(BatchStatus.Running, await rig.Reaches(batch, "Running"));
        Assert.Equal("SyncWrite:0 SyncWrite:1 SyncWrite:2", await rig.Outstanding(batch));

        await rig.Synced(batch, 1);
        await rig.Synced(batch, 0, unchanged: true);
        await rig.Synced(batch, 2);

        Assert.Equal(BatchStatus.Ok, await rig.Reaches(batch, "CleaningUp"));
        Assert.Equal(("ok ok ok", "unchanged written written"), (await rig.Operations(batch), await rig.Targets(batch)));
        await rig.CleanUp(batch);
        Assert.Equal(BatchStatus.Ok, await rig.Reaches(batch, "Ended"));
        Assert.Equal(["ConfigFileSynced", "ConfigFileSynced", "ConfigFileSynced", "SyncBatchCompleted"], await rig.Events(batch, 4));
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task A_failure_takes_back_every_touched_target_and_no_other()
    {
        var batch = await rig.Begin(targets: 5);
        await rig.Synced(batch, 0);
        await rig.Synced(batch, 1, unchanged: true);
        await rig.Fail(batch, 2, touched: false);
        await rig.Fail(batch, 3);
        Assert.Equal(BatchStatus.Running, await rig.Reaches(batch, "Draining"));
        await rig.Synced(batch, 4);

        Assert.Equal(BatchStatus.RollingBack, await rig.Reaches(batch, "Restoring"));
        Assert.Equal("SyncRestore:0 SyncRestore:3 SyncRestore:4", await rig.Outstanding(batch));
        await rig.Restore(batch, 3);
        await rig.Restore(batch, 4);
        await rig.Restore(batch, 0);

        Assert.Equal(BatchStatus.RolledBack, await rig.Reaches(batch, "CleaningUp"));
        Assert.Equal(("rolled_back ok failed failed rolled_back", "restored unchanged failed restored restored"), (await rig.Operations(batch), await rig.Targets(batch)));
        await rig.CleanUp(batch);
        await rig.Reaches(batch, "Ended");
        Assert.Equal("SyncBatchRolledBack", (await rig.Events(batch, 9))[^1]);
        Assert.Equal(SyncErrorCodes.DiskFull, (await rig.Row(batch)).Error!.Code);
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task A_failure_before_anything_was_touched_has_nothing_to_take_back()
    {
        var batch = await rig.Begin(targets: 2);
        await rig.Fail(batch, 0, touched: false);
        await rig.Synced(batch, 1, unchanged: true);

        Assert.Equal(BatchStatus.Failed, await rig.Reaches(batch, "CleaningUp"));
        Assert.Equal("failed ok", await rig.Operations(batch));
        Assert.Equal(["ConfigFileSyncFailed", "ConfigFileSynced", "SyncBatchFailed"], await rig.Events(batch, 3));
    }

    [Theory]
    [InlineData(true, BatchStatus.Partial)]
    [InlineData(false, BatchStatus.Failed)]
    public async Task Without_rollback_every_target_is_tried_and_kept(bool oneSucceeds, BatchStatus expected)
    {
        var batch = await rig.Begin(targets: 10, rollback: false);
        for (var order = 0; order < 10; order++)
        {
            await (oneSucceeds && order == 9 ? rig.Synced(batch, order) : rig.Fail(batch, order));
        }

        Assert.Equal(expected, await rig.Reaches(batch, "CleaningUp"));
        await rig.CleanUp(batch);
        await rig.Reaches(batch, "Ended");
        Assert.Equal("SyncBatchFailed", (await rig.Events(batch, 11))[^1]);
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task What_cannot_be_restored_makes_the_end_a_partial_one_and_the_others_are_still_restored()
    {
        var batch = await rig.Begin(targets: 3);
        await rig.Synced(batch, 0);
        await rig.Fail(batch, 1);
        await rig.Synced(batch, 2);
        await rig.NotRestore(batch, 2);
        await rig.Restore(batch, 1);
        await rig.Restore(batch, 0);

        Assert.Equal(BatchStatus.Partial, await rig.Reaches(batch, "CleaningUp"));
        Assert.Equal(("rolled_back failed rollback_failed", "restored restored restore_failed"), (await rig.Operations(batch), await rig.Targets(batch)));
        await rig.CleanUp(batch);
        await rig.Reaches(batch, "Ended");
        Assert.Equal("SyncBatchFailed", (await rig.Events(batch, 6))[^1]);
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task No_more_targets_are_under_way_than_the_window_holds_and_they_go_back_the_last_one_first()
    {
        var batch = await rig.Begin(targets: 20);
        Assert.Equal(Work("SyncWrite", 0..8), await rig.Outstanding(batch));
        for (var order = 0; order < 4; order++)
        {
            await rig.Synced(batch, order);
        }

        Assert.Equal(Work("SyncWrite", 4..12), await rig.Outstanding(batch));
        await rig.Fail(batch, 4);

        // What is in flight is waited for, nothing more is begun.
        for (var order = 5; order < 12; order++)
        {
            Assert.Equal(Work("SyncWrite", order..12), await rig.Outstanding(batch));
            await rig.Synced(batch, order);
        }

        Assert.Equal(Work("SyncRestore", 4..12), await rig.Outstanding(batch));
        for (var order = 11; order >= 0; order--)
        {
            await rig.Restore(batch, order);
            Assert.Equal(order == 0 ? "SyncCleanUp" : Work("SyncRestore", Math.Max(0, order - 8)..order), await rig.Outstanding(batch));
        }

        Assert.Equal(BatchStatus.RolledBack, await rig.Reaches(batch, "CleaningUp"));
        Assert.Equal($"{Words("restored", 12)} {Words("skipped", 8)}", await rig.Targets(batch));
    }

    [Fact]
    public async Task Many_targets_that_end_at_once_never_overfill_the_window()
    {
        var batch = await rig.Begin(targets: 24);
        for (var begin = 0; begin < 24; begin += 8)
        {
            Assert.Equal(Work("SyncWrite", begin..(begin + 8)), await rig.Outstanding(batch));
            await Task.WhenAll(Enumerable.Range(begin, 8).Select(order => rig.Synced(batch, order)));
        }

        Assert.Equal(BatchStatus.Ok, await rig.Reaches(batch, "CleaningUp"));
        await rig.Events(batch, 25);
    }

    [Fact]
    public async Task Reports_told_again_and_again_count_once()
    {
        var batch = await rig.Submit(targets: 3);
        await rig.Prepare(batch, tell: 3);
        await rig.Synced(batch, 1, tell: 3);
        await rig.Fail(batch, 2, tell: 3);
        await rig.Tell(batch, new TargetSynced(batch.Id, batch.Targets[1]), new TargetFailed(batch.Id, batch.Targets[2]), new SyncBatchPrepared(batch.Id));
        Assert.Equal("SyncWrite:0", await rig.Outstanding(batch));
        await rig.Synced(batch, 0, tell: 2);
        await rig.Restore(batch, 2, tell: 3);
        await rig.Tell(batch, new TargetRestored(batch.Id, batch.Targets[2]), new TargetFailed(batch.Id, batch.Targets[2]));
        await rig.Restore(batch, 1, tell: 2);
        Assert.Equal("SyncRestore:0", await rig.Outstanding(batch));
        await rig.Restore(batch, 0, tell: 3);
        await rig.Tell(batch, new TargetRestored(batch.Id, batch.Targets[0]), new TargetRestoreFailed(batch.Id, batch.Targets[0]), new TargetSynced(batch.Id, batch.Targets[0]));
        await rig.CleanUp(batch, tell: 3);

        Assert.Equal(BatchStatus.RolledBack, await rig.Reaches(batch, "Ended"));
        await rig.Events(batch, 7);
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task A_refused_preparation_ends_the_batch_before_anything_was_touched()
    {
        var batch = await rig.Submit(targets: 2);
        await rig.Refuse(batch, tell: 2);

        Assert.Equal(BatchStatus.Failed, await rig.Reaches(batch, "Ended"));
        Assert.Equal(("failed skipped", "failed skipped"), (await rig.Operations(batch), await rig.Targets(batch)));
        Assert.Equal(["SyncBatchFailed"], await rig.Events(batch, 1));
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task An_operation_that_had_failed_when_the_batch_was_accepted_ends_it_at_once()
    {
        var batch = await rig.Submit(targets: 2, failed: 1);

        Assert.Equal(BatchStatus.Failed, await rig.Reaches(batch, "Ended"));
        Assert.Equal(("skipped skipped failed", "skipped skipped"), (await rig.Operations(batch), await rig.Targets(batch)));
        await rig.Prepare(batch);
        Assert.Equal(BatchStatus.Failed, await rig.Reaches(batch, "Ended"));
        await rig.Events(batch, 1);
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task Without_rollback_it_keeps_none_of_the_others_from_being_done()
    {
        var batch = await rig.Begin(targets: 1, rollback: false, failed: 1);
        await rig.Synced(batch, 0);

        Assert.Equal(BatchStatus.Partial, await rig.Reaches(batch, "CleaningUp"));
        Assert.Equal("ok failed", await rig.Operations(batch));
    }

    [Fact]
    public async Task A_batch_all_of_whose_operations_had_failed_has_nothing_to_do()
    {
        var batch = await rig.Submit(targets: 0, rollback: false, failed: 2);

        Assert.Equal(BatchStatus.Failed, await rig.Reaches(batch, "Ended"));
        await rig.Events(batch, 1);
    }

    [Fact]
    public async Task A_preparation_that_is_faster_than_the_command_begins_the_batch()
    {
        var batch = await rig.Submit(begins: false);
        await rig.Prepare(batch, tell: 2);
        Assert.Equal(BatchStatus.Running, await rig.Reaches(batch, "Running"));

        await rig.Tell(batch, new BeginSyncBatch(batch.Id));

        Assert.Equal("SyncWrite:0", await rig.Outstanding(batch));
        await rig.Synced(batch, 0);
        await rig.CleanUp(batch);
        await rig.Reaches(batch, "Ended");
        await rig.Events(batch, 2);
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task A_refusal_that_is_faster_than_the_command_ends_the_batch()
    {
        var batch = await rig.Submit(begins: false);
        await rig.Refuse(batch);
        Assert.Equal(BatchStatus.Failed, await rig.Reaches(batch, "Ended"));

        await rig.Tell(batch, new BeginSyncBatch(batch.Id));

        Assert.Equal(BatchStatus.Failed, await rig.Reaches(batch, "Ended"));
        await rig.Events(batch, 1);
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task Of_two_batches_on_one_file_the_second_waits_for_the_first()
    {
        string[] paths = [Path(), Path()];
        var first = await rig.Begin(2, true, 0, paths);
        var second = await rig.Begin(1, true, 0, paths[1]);
        var third = await rig.Begin(1, true, 0, paths[0]);
        Assert.Equal(BatchStatus.Queued, await rig.Reaches(second, "Queued"));
        Assert.Equal(BatchStatus.Queued, await rig.Reaches(third, "Queued"));

        await rig.Synced(first, 0);
        await rig.Fail(first, 1);
        Assert.Equal("", await rig.Outstanding(third));
        await rig.Restore(first, 1);
        await rig.Restore(first, 0);

        // Not before the files are back as they were; the helper may be removed meanwhile.
        await rig.Reaches(second, "Running");
        await rig.Reaches(third, "Running");
        Assert.Equal("SyncCleanUp", await rig.Outstanding(first));
    }

    [Fact]
    public async Task A_batch_that_waited_too_long_fails_and_those_behind_it_go_on()
    {
        string[] paths = [Path(), Path()];
        var first = await rig.Begin(1, true, 0, paths[0]);
        var second = await rig.Begin(2, true, 0, paths);
        var third = await rig.Begin(1, true, 0, paths[1]);
        await rig.Reaches(third, "Queued");

        await rig.Tell(second, new SyncBatchDeadlineReached(second.Id, Guid.NewGuid()));
        Assert.Equal(BatchStatus.Queued, await rig.Reaches(second, "Queued"));
        await rig.Tell(second, new SyncBatchDeadlineReached(second.Id, (await rig.Saga(second))!.DeadlineToken!.Value));

        Assert.Equal(BatchStatus.Failed, await rig.Reaches(second, "Ended"));
        Assert.Equal(("skipped skipped", SyncErrorCodes.DeadlineExceeded), (await rig.Operations(second), (await rig.Row(second)).Error!.Code));
        await rig.Reaches(third, "Running");
        Assert.Equal("Running", (await rig.Saga(first))!.CurrentState);
        await rig.NothingIsLeft(second);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_batch_that_used_up_its_time_begins_nothing_more(bool rollback)
    {
        var batch = await rig.Begin(targets: 10, rollback);
        await rig.Synced(batch, 0);
        await rig.Tell(batch, new SyncBatchDeadlineReached(batch.Id, (await rig.Saga(batch))!.DeadlineToken!.Value));
        Assert.Equal(BatchStatus.Running, await rig.Reaches(batch, "Draining"));
        for (var order = 1; order < 9; order++)
        {
            await rig.Synced(batch, order);
        }

        for (var order = 8; rollback && order >= 0; order--)
        {
            await rig.Restore(batch, order);
        }

        Assert.Equal(rollback ? BatchStatus.RolledBack : BatchStatus.Partial, await rig.Reaches(batch, "CleaningUp"));
        Assert.Equal($"{Words(rollback ? "restored" : "written", 9)} skipped", await rig.Targets(batch));
        Assert.Equal(SyncErrorCodes.DeadlineExceeded, (await rig.Row(batch)).Error!.Code);
        await rig.CleanUp(batch);
        await rig.NothingIsLeft(batch);
    }

    [Fact]
    public async Task A_batch_has_one_deadline_and_it_is_called_off_at_the_end()
    {
        string[] paths = [Path()];
        var first = await rig.Begin(1, true, 0, paths);
        var second = await rig.Begin(1, true, 0, paths);
        Assert.Equal((1, 1), (await Deadlines(first), await Deadlines(second)));

        await rig.Synced(first, 0);
        await rig.Reaches(second, "Running");

        Assert.Equal((0, 1), (await Deadlines(first), await Deadlines(second)));
        await rig.Fail(second, 0);
        Assert.Equal(0, await Deadlines(second));
    }

    private static string Path() => $"/opt/{Guid.NewGuid()}";

    private static string Words(string word, int count) => string.Join(' ', Enumerable.Repeat(word, count));

    private static string Work(string act, Range orders) => string.Join(' ', Enumerable.Range(0, 24).Take(orders).Select(order => $"{act}:{order}"));

    private Task<int> Deadlines(RigBatch batch) => rig.Read(db => db.Outbox.CountAsync(x => x.CorrelationId == batch.Id && x.Token != null));
}
