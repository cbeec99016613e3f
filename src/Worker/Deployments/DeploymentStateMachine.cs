using DeployHub.Contracts.Deployments;
using DeployHub.Persistence.Sagas;
using MassTransit;

namespace DeployHub.Worker.Deployments;

/// <summary>
/// One instance a plan. It reads as its diagram (docs/how-a-deploy-works.md); what each verb does stands in the files beside it. Nothing slow
/// happens here: work on engines is sent to workers, and their reports come back as messages.
/// </summary>
public sealed class DeploymentStateMachine : MassTransitStateMachine<DeploymentState>
{
    public DeploymentStateMachine()
    {
        InstanceState(x => x.CurrentState);
        Correlate();

        // The preparation was sent with the plan itself, so its report may be here before the command that opens the instance.
        Initially(
            When(Submitted).Open().EnsurePreparation().TransitionTo(Preparing),
            When(Prepared).Open().TakeTargets().IfElse(HoldsTargets,
                go => go.Begin().SendNextSteps().TransitionTo(Running),
                wait => wait.RecordQueued().TransitionTo(Queued)),
            When(Refused).Open().EndAsFailed().TransitionTo(Ended));

        During(Preparing,
            When(Prepared).TakeTargets().IfElse(HoldsTargets,
                go => go.Begin().SendNextSteps().TransitionTo(Running),
                wait => wait.RecordQueued().TransitionTo(Queued)),
            When(Refused).EndAsFailed().TransitionTo(Ended),
            When(Nudged).EnsurePreparation());

        During(Queued,
            When(Released).TakeTargets().If(HoldsTargets, go => go.Begin().SendNextSteps().TransitionTo(Running)),
            When(Nudged).TakeTargets().If(HoldsTargets, go => go.Begin().SendNextSteps().TransitionTo(Running)),
            When(DeadlineReached, context => context.Message.Token == context.Saga.DeadlineToken).RecordDeadline().EndAsFailed().TransitionTo(Ended));

        During(Running,
            When(StepSucceeded).RecordSuccess().IfElse(AllSucceeded,
                done => done.AnnounceCompleted().SendNextFinalizers().TransitionTo(Finalizing).If(NothingInFlight, End),
                more => more.SendNextSteps()),
            When(StepFailed).RecordFailure().If(SomethingFailed, stop => stop.TransitionTo(Draining).If(NothingInFlight, TakeBackOrEnd)),
            When(DeadlineReached, context => context.Message.Token == context.Saga.DeadlineToken).RecordDeadline().TransitionTo(Draining).If(NothingInFlight, TakeBackOrEnd),
            When(Nudged).RetellReports());

        During(Draining,
            When(StepSucceeded).RecordSuccess().If(NothingInFlight, TakeBackOrEnd),
            When(StepFailed).RecordFailure().If(NothingInFlight, TakeBackOrEnd),
            When(Nudged).RetellReports());

        During(RollingBack,
            When(StepRestored).RecordRestored().SendNextRollbacks().If(NothingInFlight, EndRolledBack),
            When(StepRestoreFailed).RecordNotRestored().SendNextRollbacks().If(NothingInFlight, EndRolledBack),
            When(Nudged).RetellReports());

        During(Finalizing,
            When(StepFinalized).RecordFinalized().SendNextFinalizers().If(NothingInFlight, End),
            When(RollbackRequested).RecordRollbackWanted(),
            When(Nudged).RetellReports());

        During(Ended,
            When(RollbackRequested).IfAsync(PlanVerbs.RollbackAccepted, TakeBackAgain),
            When(Nudged).IfAsync(PlanVerbs.RollbackAccepted, TakeBackAgain));

        During(QueuedForRollback,
            When(Released).TakeTargets().If(HoldsTargets, go => go.BeginRollback().SendNextRollbacks().TransitionTo(RollingBack)),
            When(Nudged).TakeTargets().If(HoldsTargets, go => go.BeginRollback().SendNextRollbacks().TransitionTo(RollingBack)));

        IgnoreWhatComesLate();
    }

    public State Preparing { get; private set; } = null!;
    public State Queued { get; private set; } = null!;
    public State Running { get; private set; } = null!;

    /// <summary>A step failed: nothing more is begun, and what is in flight is waited for.</summary>
    public State Draining { get; private set; } = null!;

    public State RollingBack { get; private set; } = null!;

    /// <summary>Completed; the former containers are being removed.</summary>
    public State Finalizing { get; private set; } = null!;

    public State Ended { get; private set; } = null!;
    public State QueuedForRollback { get; private set; } = null!;

    public Event<DeployContainerImage> Submitted { get; private set; } = null!;
    public Event<DeploymentPrepared> Prepared { get; private set; } = null!;
    public Event<DeploymentRefused> Refused { get; private set; } = null!;
    public Event<TargetsReleased> Released { get; private set; } = null!;
    public Event<StepSucceeded> StepSucceeded { get; private set; } = null!;
    public Event<StepFailed> StepFailed { get; private set; } = null!;
    public Event<StepRestored> StepRestored { get; private set; } = null!;
    public Event<StepRestoreFailed> StepRestoreFailed { get; private set; } = null!;
    public Event<StepFinalized> StepFinalized { get; private set; } = null!;
    public Event<RollbackDeployment> RollbackRequested { get; private set; } = null!;
    public Event<DeploymentDeadlineReached> DeadlineReached { get; private set; } = null!;
    public Event<DeploymentNudged> Nudged { get; private set; } = null!;

    private static bool HoldsTargets<T>(BehaviorContext<DeploymentState, T> context) where T : class => context.Saga.HoldsTargets;

    private static bool AllSucceeded<T>(BehaviorContext<DeploymentState, T> context) where T : class => context.Saga.Succeeded == context.Saga.Total;

    private static bool SomethingFailed<T>(BehaviorContext<DeploymentState, T> context) where T : class => context.Saga.Failed > 0;

    private static bool NothingInFlight<T>(BehaviorContext<DeploymentState, T> context) where T : class => context.Saga.InFlight == 0;

    // Nothing touched: there is nothing to take back, whatever was asked for.
    private static bool RollsBack<T>(BehaviorContext<DeploymentState, T> context) where T : class => context.Saga is { AutoRollback: true, Touched: > 0 };

    private EventActivityBinder<DeploymentState, T> TakeBackOrEnd<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.IfElse(RollsBack,
            back => back.BeginRollback().SendNextRollbacks().TransitionTo(RollingBack),
            keep => keep.EndAsFailed().TransitionTo(Ended));

    private EventActivityBinder<DeploymentState, T> TakeBackAgain<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.LineUpAgain().TakeTargets().IfElse(HoldsTargets,
            go => go.BeginRollback().SendNextRollbacks().TransitionTo(RollingBack),
            wait => wait.TransitionTo(QueuedForRollback));

    private EventActivityBinder<DeploymentState, T> EndRolledBack<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.EndAsRolledBack().TransitionTo(Ended);

    private EventActivityBinder<DeploymentState, T> End<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.IfElse(context => context.Saga.RollbackWanted,
            back => back.BeginRollback().SendNextRollbacks().TransitionTo(RollingBack),
            end => end.ReleaseTargets().TransitionTo(Ended));

    private void Correlate()
    {
        Event(() => Submitted, e => e.CorrelateById(m => m.Message.PlanId));
        Event(() => Prepared, e => e.CorrelateById(m => m.Message.PlanId));
        Event(() => Refused, e => e.CorrelateById(m => m.Message.PlanId));
        Known(() => Released, m => m.PlanId);
        Known(() => StepSucceeded, m => m.PlanId);
        Known(() => StepFailed, m => m.PlanId);
        Known(() => StepRestored, m => m.PlanId);
        Known(() => StepRestoreFailed, m => m.PlanId);
        Known(() => StepFinalized, m => m.PlanId);
        Known(() => RollbackRequested, m => m.PlanId);
        Known(() => DeadlineReached, m => m.PlanId);
        Known(() => Nudged, m => m.PlanId);
    }

    // A message about a plan that has no instance is about one whose history was deleted.
    private void Known<T>(System.Linq.Expressions.Expression<Func<Event<T>>> property, Func<T, Guid> planId) where T : class =>
        Event(property, e =>
        {
            e.CorrelateById(m => planId(m.Message));
            e.OnMissingInstance(missing => missing.Discard());
        });

    // Messages come at least once and in any order; a state that has no use for one has passed it already.
    private void IgnoreWhatComesLate()
    {
        State[] all = [Preparing, Queued, Running, Draining, RollingBack, Finalizing, Ended, QueuedForRollback];
        Late(Submitted, all);
        Late(Prepared, all.Except([Preparing]));
        Late(Refused, all.Except([Preparing]));
        Late(Released, all.Except([Queued, QueuedForRollback]));
        Late(StepSucceeded, all.Except([Running, Draining]));
        Late(StepFailed, all.Except([Running, Draining]));
        Late(StepRestored, all.Except([RollingBack]));
        Late(StepRestoreFailed, all.Except([RollingBack]));
        Late(StepFinalized, all.Except([Finalizing]));
        Late(RollbackRequested, all.Except([Finalizing, Ended]));
        Late(DeadlineReached, all.Except([Queued, Running]));
    }

    private void Late<T>(Event<T> message, IEnumerable<State> states) where T : class
    {
        foreach (var state in states)
        {
            During(state, Ignore(message));
        }
    }
}
