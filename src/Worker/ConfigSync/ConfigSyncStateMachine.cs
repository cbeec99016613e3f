using DeployHub.Contracts.ConfigSync;
using DeployHub.Persistence.Sagas;
using MassTransit;

namespace DeployHub.Worker.ConfigSync;

/// <summary>One instance a batch. It reads as its diagram; what each verb does stands in the files beside it. Nothing slow happens here.</summary>
public sealed partial class ConfigSyncStateMachine : MassTransitStateMachine<ConfigSyncState>
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
            When(Prepared).IfAsync(StopVerbs.PreparationEnded, LineUp),
            When(Refused).IfAsync(StopVerbs.PreparationEnded, EndUnbegun),
            When(CancelRequested).LookForStop().If(Stopped, stop => EndUnbegun(stop.CallPreparationOff())),
            When(Nudged).LookForStop().IfElse(Stopped, stop => EndUnbegun(stop.CallPreparationOff()), go => go.EnsurePreparation()));

        During(Queued,
            When(Released).TakeTargets().If(HoldsTargets, Start),
            When(CancelRequested).LookForStop().If(Stopped, EndUnbegun),
            When(Nudged).TakeTargets().If(HoldsTargets, Start).If(Stopped, EndUnbegun),
            When(DeadlineReached, IsOurs).RecordDeadline().EndBatch().TransitionTo(Ended));

        During(Running,
            When(Synced).RecordSynced().SendNextTargets().If(NothingInFlight, AllDone),
            When(Failed).RecordFailed().IfElse(StopsAtFailure,
                stop => stop.TransitionTo(Draining).If(NothingInFlight, TakeBackOrEnd),
                more => more.SendNextTargets().If(NothingInFlight, AllDone)),
            When(DeadlineReached, IsOurs).RecordDeadline().TransitionTo(Draining).If(NothingInFlight, TakeBackOrEnd),
            When(CancelRequested).LookForStop().If(Stopped, Stop),
            When(Nudged).LookForStop().IfElse(Stopped, Stop, go => go.RetellReports()));

        During(Draining,
            When(Synced).RecordSynced().If(NothingInFlight, TakeBackOrEnd),
            When(Failed).RecordFailed().If(NothingInFlight, TakeBackOrEnd),
            When(Nudged).RetellReports());

        During(Restoring,
            When(Restored).RecordRestored().SendNextRestores().If(NothingInFlight, End),
            When(NotRestored).RecordNotRestored().SendNextRestores().If(NothingInFlight, End),
            When(Nudged).RetellReports());

        During(CleaningUp,
            When(CleanedUp).TransitionTo(Ended).IfAsync(StopVerbs.RetryAccepted, GoOn).IfAsync(StopVerbs.RetryCancelled, EndUnbegun),
            When(Nudged).EnsureCleanUp());

        During(Ended,
            When(RetryRequested).IfAsync(StopVerbs.RetryAccepted, GoOn),
            When(CancelRequested).IfAsync(StopVerbs.RetryCancelled, EndUnbegun),
            When(Nudged).IfAsync(StopVerbs.RetryAccepted, GoOn).IfAsync(StopVerbs.RetryCancelled, EndUnbegun));

        IgnoreWhatComesLate();
    }

    public State Preparing { get; private set; } = null!;
    public State Queued { get; private set; } = null!;
    public State Running { get; private set; } = null!;

    /// <summary>A target failed, or the batch was stopped: nothing more is begun, and what is in flight is waited for.</summary>
    public State Draining { get; private set; } = null!;

    public State Restoring { get; private set; } = null!;

    /// <summary>The batch has ended; its helpers are being removed.</summary>
    public State CleaningUp { get; private set; } = null!;

    public State Ended { get; private set; } = null!;

    // An operation that failed when the batch was accepted counts as a failure: with rollback nothing is begun.
    private static bool NothingToDo<T>(BehaviorContext<ConfigSyncState, T> context) where T : class =>
        context.Saga.Stopped || context.Saga.Total == 0 || context.Saga is { RollbackOnFailure: true, Failed: > 0 };

    private static bool HoldsTargets<T>(BehaviorContext<ConfigSyncState, T> context) where T : class => context.Saga.HoldsTargets;

    private static bool StopsAtFailure<T>(BehaviorContext<ConfigSyncState, T> context) where T : class => context.Saga is { RollbackOnFailure: true, Failed: > 0 };

    private static bool NothingInFlight<T>(BehaviorContext<ConfigSyncState, T> context) where T : class => context.Saga.InFlight == 0;

    private static bool Stopped<T>(BehaviorContext<ConfigSyncState, T> context) where T : class => context.Saga.Stopped;

    private static bool GoesBack<T>(BehaviorContext<ConfigSyncState, T> context) where T : class => context.Saga.GoesBack is true;

    private static bool IsOurs(BehaviorContext<ConfigSyncState, SyncBatchDeadlineReached> context) => context.Message.Token == context.Saga.DeadlineToken;

    private static bool RollsBack<T>(BehaviorContext<ConfigSyncState, T> context) where T : class =>
        context.Saga.Touched > 0 && (context.Saga.Stopped ? context.Saga.StopTakesBack : context.Saga.RollbackOnFailure);

    private EventActivityBinder<ConfigSyncState, T> LineUp<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.TakeTargets().IfElse(HoldsTargets, Start, wait => wait.RecordQueued().TransitionTo(Queued));

    private EventActivityBinder<ConfigSyncState, T> Start<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.Begin().IfElse(GoesBack, TakeBack, go => go.SendNextTargets().TransitionTo(Running));

    private EventActivityBinder<ConfigSyncState, T> GoOn<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.OpenAgain().IfElse(GoesBack, LineUp, go => go.EnsurePreparation().TransitionTo(Preparing));

    private EventActivityBinder<ConfigSyncState, T> Stop<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.TransitionTo(Draining).If(NothingInFlight, TakeBackOrEnd);

    private EventActivityBinder<ConfigSyncState, T> AllDone<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.IfElse(Stopped, TakeBackOrEnd, End);

    private EventActivityBinder<ConfigSyncState, T> TakeBackOrEnd<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.IfElse(RollsBack, TakeBack, End);

    private EventActivityBinder<ConfigSyncState, T> TakeBack<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.BeginRestoring().SendNextRestores().TransitionTo(Restoring);

    private EventActivityBinder<ConfigSyncState, T> End<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.EndBatch().EnsureCleanUp().TransitionTo(CleaningUp);

    private EventActivityBinder<ConfigSyncState, T> EndUnbegun<T>(EventActivityBinder<ConfigSyncState, T> binder) where T : class =>
        binder.EndBatch().TransitionTo(Ended);
}
