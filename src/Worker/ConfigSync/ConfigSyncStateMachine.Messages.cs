using System.Linq.Expressions;
using DeployHub.Contracts.ConfigSync;
using MassTransit;

namespace DeployHub.Worker.ConfigSync;

/// <summary>The messages of the machine, and which of them each state lets pass.</summary>
public sealed partial class ConfigSyncStateMachine
{
    public Event<BeginSyncBatch> Submitted { get; private set; } = null!;
    public Event<SyncBatchPrepared> Prepared { get; private set; } = null!;
    public Event<SyncBatchRefused> Refused { get; private set; } = null!;
    public Event<SyncTargetsReleased> Released { get; private set; } = null!;
    public Event<TargetSynced> Synced { get; private set; } = null!;
    public Event<TargetFailed> Failed { get; private set; } = null!;
    public Event<TargetRestored> Restored { get; private set; } = null!;
    public Event<TargetRestoreFailed> NotRestored { get; private set; } = null!;
    public Event<SyncBatchCleanedUp> CleanedUp { get; private set; } = null!;
    public Event<StopSyncBatch> CancelRequested { get; private set; } = null!;
    public Event<RetrySyncBatch> RetryRequested { get; private set; } = null!;
    public Event<SyncBatchDeadlineReached> DeadlineReached { get; private set; } = null!;
    public Event<SyncBatchNudged> Nudged { get; private set; } = null!;

    private void Correlate()
    {
        Event(() => Submitted, e => e.CorrelateById(m => m.Message.BatchId));
        Event(() => Prepared, e => e.CorrelateById(m => m.Message.BatchId));
        Event(() => Refused, e => e.CorrelateById(m => m.Message.BatchId));
        Known(() => Released, m => m.BatchId);
        Known(() => Synced, m => m.BatchId);
        Known(() => Failed, m => m.BatchId);
        Known(() => Restored, m => m.BatchId);
        Known(() => NotRestored, m => m.BatchId);
        Known(() => CleanedUp, m => m.BatchId);
        Known(() => CancelRequested, m => m.BatchId);
        Known(() => RetryRequested, m => m.BatchId);
        Known(() => DeadlineReached, m => m.BatchId);
        Known(() => Nudged, m => m.BatchId);
    }

    // A message about a batch that has no instance is about one whose history was deleted, or a cancel that was faster than the batch's own
    // command: that one reads it from the rows.
    private void Known<T>(Expression<Func<Event<T>>> property, Func<T, Guid> batchId) where T : class => Event(property, e =>
    {
        e.CorrelateById(m => batchId(m.Message));
        e.OnMissingInstance(missing => missing.Discard());
    });

    // Messages come at least once and in any order; a state that has no use for one has passed it already.
    private void IgnoreWhatComesLate()
    {
        Late(Submitted);
        Late(Prepared, Preparing);
        Late(Refused, Preparing);
        Late(Released, Queued);
        Late(Synced, Running, Draining);
        Late(Failed, Running, Draining);
        Late(Restored, Restoring);
        Late(NotRestored, Restoring);
        Late(CleanedUp, CleaningUp);
        Late(CancelRequested, Preparing, Queued, Running, Ended);
        Late(RetryRequested, Ended);
        Late(DeadlineReached, Queued, Running);
    }

    private void Late<T>(Event<T> message, params State[] wanted) where T : class
    {
        foreach (var state in new[] { Preparing, Queued, Running, Draining, Restoring, CleaningUp, Ended }.Except(wanted))
        {
            During(state, Ignore(message));
        }
    }
}
