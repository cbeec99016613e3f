using System.Text.Json;
using DeployHub.Contracts.ConfigSync;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Unit.ConfigSync;

/// <summary>Every state meets every message: what the diagram has no arrow for changes nothing and fails nowhere.</summary>
public sealed class LateBatchMessageTests(BatchRig rig) : IClassFixture<BatchRig>
{
    private static readonly Dictionary<string, Type[]> Arrows = new()
    {
        ["Preparing"] = [typeof(SyncBatchPrepared), typeof(SyncBatchRefused), typeof(SyncBatchNudged)],
        ["Queued"] = [typeof(SyncTargetsReleased), typeof(SyncBatchNudged)],
        ["Running"] = [typeof(TargetSynced), typeof(TargetFailed), typeof(SyncBatchNudged)],
        ["Draining"] = [typeof(TargetSynced), typeof(TargetFailed), typeof(SyncBatchNudged)],
        ["Restoring"] = [typeof(TargetRestored), typeof(TargetRestoreFailed), typeof(SyncBatchNudged)],
        ["CleaningUp"] = [typeof(SyncBatchCleanedUp), typeof(SyncBatchNudged)],
        ["Ended"] = [],
    };

    public static TheoryData<string> States => [.. Arrows.Keys];

    [Theory]
    [MemberData(nameof(States))]
    public async Task A_message_that_the_state_has_no_use_for_changes_nothing(string state)
    {
        foreach (var type in Messages(Guid.Empty, Guid.Empty).Select(x => x.GetType()).Except(Arrows[state]))
        {
            var batch = await rig.Place(state);
            var before = await Look(batch);

            // Twice: the second one must find nothing of the first.
            var message = Messages(batch.Id, batch.Targets[1]).Single(x => x.GetType() == type);
            await rig.Tell(batch, message, message);

            Assert.Equal((type.Name, before), (type.Name, await Look(batch)));
        }
    }

    [Theory]
    [MemberData(nameof(States))]
    public async Task A_report_on_a_target_that_was_counted_before_changes_nothing(string state)
    {
        var batch = await rig.Place(state);
        var before = await Look(batch);

        await rig.Tell(batch, new TargetSynced(batch.Id, batch.Targets[0]), new TargetFailed(batch.Id, batch.Targets[0]));

        Assert.Equal(before, await Look(batch));
    }

    [Fact]
    public async Task A_message_about_a_batch_that_never_began_is_dropped()
    {
        var batch = new RigBatch(Guid.CreateVersion7(), [Guid.CreateVersion7()]);

        await rig.Tell(batch, [.. Messages(batch.Id, batch.Targets[0]).Where(x => x is not (BeginSyncBatch or SyncBatchPrepared or SyncBatchRefused))]);

        Assert.Null(await rig.Saga(batch));
    }

    // The deadline's token is one that was called off.
    private static object[] Messages(Guid batch, Guid target) =>
    [
        new BeginSyncBatch(batch), new SyncBatchPrepared(batch), new SyncBatchRefused(batch), new SyncTargetsReleased(batch), new TargetSynced(batch, target), new TargetFailed(batch, target),
        new TargetRestored(batch, target), new TargetRestoreFailed(batch, target), new SyncBatchCleanedUp(batch), new SyncBatchDeadlineReached(batch, Guid.NewGuid()), new SyncBatchNudged(batch),
        new StopSyncBatch(batch), new RetrySyncBatch(batch),
    ];

    // All that the batch consists of, but for the count of the row's versions.
    private async Task<string> Look(RigBatch batch)
    {
        var saga = (await rig.Saga(batch))!;
        saga.Version = 0;
        var rows = await rig.Read(async db => new
        {
            Batch = await db.SyncBatches.AsNoTracking().Where(x => x.Id == batch.Id).Select(x => new { x.Status, x.Error, x.CompletedAt }).SingleAsync(),
            Operations = await db.SyncOperations.AsNoTracking().Where(x => x.BatchId == batch.Id).OrderBy(x => x.Index).ToListAsync(),
            Targets = await db.SyncTargets.AsNoTracking().Where(x => x.BatchId == batch.Id).OrderBy(x => x.Order).ToListAsync(),
            Locks = await db.TargetLocks.CountAsync(x => x.PlanId == batch.Id),
            Outbox = await db.Outbox.CountAsync(x => x.CorrelationId == batch.Id && x.Token != null),
        });
        return JsonSerializer.Serialize(new { saga, rows, Work = await rig.Outstanding(batch) });
    }
}
