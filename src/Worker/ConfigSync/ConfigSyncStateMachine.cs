using System.Linq.Expressions;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Persistence.Sagas;
using MassTransit;

namespace DeployHub.Worker.ConfigSync;

/// <summary>One instance a batch. It reads as its diagram; what each verb does stands in the files beside it. Nothing slow happens here.</summary>
public sealed class ConfigSyncStateMachine : MassTransitStateMachine<ConfigSyncState>
{
    public ConfigSyncStateMachine()
    {
        InstanceState(x => x.CurrentState);
        Correlate();

        // The preparation may be sent with the batch itself, so its report may be here before the command that opens the instance.
        Initially(
            When(Submitted).Open().IfElse(NothingToDo, EndUnbegun, go => go.EnsurePreparation().TransitionTo(Preparing)),
            When(Prepared).Open().IfElse(NothingToDo, EndUnbegun, LineUp),
            When(Refused).Open().EndBatch().TransitionTo(Ended));

        During(Preparing,
            LineUp(When(Prepared)),
            When(Refused).EndBatch().TransitionTo(Ended),
            When(Nudged).EnsurePreparation());

        During(Queued,
            When(Released).TakeTargets().If(HoldsTargets, Start),
            When(Nudged).TakeTargets().If(HoldsTargets, Start),
            When(DeadlineReached, context => context.Message.Token == context.Saga.DeadlineToken).RecordDeadline().EndBatch().TransitionTo(Ended));

        During(Running,
            When(Synced).RecordSynced().SendNextTargets().If(NothingInFlight, End),
            When(Failed).RecordFailed().IfElse(StopsAtFailure,
                stop => stop.TransitionTo(Draining).If(NothingInFlight, TakeBackOrEnd),
                more => more.SendNextTargets().If(NothingInFlight, End)),
            When(DeadlineReached, context => context.Message.Token == context.Saga.DeadlineToken).RecordDeadline().TransitionTo(Draining).If(NothingInFlight, TakeBackOrEnd),
            When(Nudged).RetellReports());

        During(Draining,
            When(Synced).RecordSynced().If(NothingInFlight, TakeBackOrEnd),
            When(Failed).RecordFailed().If(NothingInFlight, TakeBackOrEnd),
            When(Nudged).RetellReports());

        During(Restoring,
            When(Restored).RecordRestored().SendNextRestores().If(NothingInFlight, End),
            When(NotRestored).RecordNotRestored().SendNextRestores().If(NothingInFlight, End),
            When(Nudged).RetellReports());

        During(CleaningUp,
            When(CleanedUp).TransitionTo(Ended),
            When(Nudged).EnsureCleanUp());

        IgnoreWhatComesLate();
    }

    public State Preparing { get; private set; } = null!;
    public State Queued { get; private set; } = null!;
    public State Running { get; private set; } = null!;

    /// <summary>A target failed: nothing more is begun, and what is in flight is waited for.</summary>
    public State Draining { get; private set; } = null!;

    public State Restoring { get; private set; } = null!;

    /// <summary>The batch has ended; its helpers are being removed.</summary>
    public State CleaningUp { get; private set; } = null!;

    public State Ended { get; private set; } = null!;

    public Event<ExecuteSyncBatch> Submitted { get; private set; } = null!;
    public Event<SyncBatchPrepared> Prepared { get; private set; } = null!;
    public Event<SyncBatchRefused> Refused { get; private set; } = null!;
    public Event<SyncTargetsReleased> Released { get; private set; } = null!;
    public Event<TargetSynced> Synced { get; private set; } = null!;
    public Event<TargetFailed> Failed { get; private set; } = null!;
    public Event<TargetRestored> Restored { get; private set; } = null!;
    public Event<TargetRestoreFailed> NotRestored { get; private set; } = null!;
    public Event<SyncBatchCleanedUp> CleanedUp { get; private set; } = null!;
    public Event<SyncBatchDeadlineReached> DeadlineReached { get; private set; } = null!;
    public Event<SyncBatchNudged> Nudged { get; private set; } = null!;

    // An operation that failed when the batch was accepted counts as a failure: with rollback nothing is begun.
    private static bool NothingToDo<T>(BehaviorContext<ConfigSyncState, T> context) where T : class =>
        context.Saga.Total == 0 || context.Saga is { RollbackOnFailure: true, Failed: > 0 };

    private static bool HoldsTargets<T>(BehaviorContext<ConfigSyncState, T> context) where T : class => context.Saga.HoldsTargets;

    private static bool StopsAtFailure<T>(BehaviorContext<ConfigSyncState, T> context) where T : class => context.Saga is { RollbackOnFailure: true, Failed: > 0 };

    private static bool NothingInFlight<T>(BehaviorContext<ConfigSyncState, T> context) where T : class => context.Saga.InFlight == 0;

    private static bool RollsBack<T>(BehaviorContext<ConfigSyncState, T> context) where T : class => context.Saga is { RollbackOnFailure: true, Touched: > 0 };

    private EventActivityBinder<ConfigSyncState, T> LineUp<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.TakeTargets().IfElse(HoldsTargets, Start, wait => wait.RecordQueued().TransitionTo(Queued));

    private EventActivityBinder<ConfigSyncState, T> Start<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.Begin().SendNextTargets().TransitionTo(Running);

    private EventActivityBinder<ConfigSyncState, T> TakeBackOrEnd<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.IfElse(RollsBack, back => back.BeginRestoring().SendNextRestores().TransitionTo(Restoring), End);

    private EventActivityBinder<ConfigSyncState, T> End<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.EndBatch().EnsureCleanUp().TransitionTo(CleaningUp);

    private EventActivityBinder<ConfigSyncState, T> EndUnbegun<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.EndBatch().TransitionTo(Ended);

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
        Known(() => DeadlineReached, m => m.BatchId);
        Known(() => Nudged, m => m.BatchId);
    }

    // A message about a batch that has no instance is about one whose history was deleted.
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
        Late(DeadlineReached, Queued, Running);
        Late(Nudged, Preparing, Queued, Running, Draining, Restoring, CleaningUp);
    }

    private void Late<T>(Event<T> message, params State[] wanted) where T : class
    {
        foreach (var state in new[] { Preparing, Queued, Running, Draining, Restoring, CleaningUp, Ended }.Except(wanted))
        {
            During(state, Ignore(message));
        }
    }
}
