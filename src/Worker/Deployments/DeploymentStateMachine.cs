using DeployHub.Contracts.Deployments;
using DeployHub.Persistence.Sagas;
using MassTransit;

namespace DeployHub.Worker.Deployments;

/// <summary>
/// One instance a plan. It reads as its diagram (docs/how-a-deploy-works.md); what each verb does stands in the files beside it. Nothing slow
/// happens here: work on engines is sent to workers, and their reports come back as messages.
/// </summary>
public sealed partial class DeploymentStateMachine : MassTransitStateMachine<DeploymentState>
{
    public DeploymentStateMachine()
    {
        InstanceState(x => x.CurrentState);
        Correlate();

        // The preparation was sent with the plan itself, so its report may be here before the command that opens the instance.
        Initially(
            When(Submitted).Open().IfElse(Stopped, EndAsItStands, go => go.EnsurePreparation().TransitionTo(Preparing)),
            When(Prepared).Open().IfElse(Stopped, EndAsItStands, LineUp),
            When(Refused).Open().EndKept().TransitionTo(Ended));

        During(Preparing,
            When(Prepared).IfAsync(PlanVerbs.PreparationEnded, LineUp),
            When(Refused).IfAsync(PlanVerbs.PreparationEnded, EndAsItStands),
            When(CancelRequested).LookForStop().If(Stopped, stop => EndAsItStands(stop.CallPreparationOff())),
            When(Nudged).LookForStop().IfElse(Stopped, stop => EndAsItStands(stop.CallPreparationOff()), go => go.EnsurePreparation()));

        During(Queued,
            When(Released).TakeTargets().If(HoldsTargets, Start),
            When(CancelRequested).LookForStop().If(Stopped, EndAsItStands),
            When(Nudged).TakeTargets().If(HoldsTargets, Start).If(Stopped, EndAsItStands),
            When(DeadlineReached, IsOurs).RecordDeadline().EndKept().TransitionTo(Ended));

        During(Running,
            When(StepSucceeded).RecordSuccess().IfElse(AllSucceeded,
                done => done.AnnounceCompleted().SendNextFinalizers().TransitionTo(Finalizing).If(NothingInFlight, End),
                more => more.SendNextSteps()),
            When(StepFailed).RecordFailure().If(SomethingFailed, stop => stop.TransitionTo(Draining).If(NothingInFlight, TakeBackOrEnd)),
            When(DeadlineReached, IsOurs).RecordDeadline().TransitionTo(Draining).If(NothingInFlight, TakeBackOrEnd),
            When(CancelRequested).LookForStop().If(Stopped, Stop),
            When(Nudged).LookForStop().IfElse(Stopped, Stop, go => go.RetellReports()));

        During(Draining,
            When(StepSucceeded).RecordSuccess().If(NothingInFlight, TakeBackOrEnd),
            When(StepFailed).RecordFailure().If(NothingInFlight, TakeBackOrEnd),
            When(StepStopped).RecordStopped().If(NothingInFlight, TakeBackOrEnd),
            When(CancelRequested).LookForStop().If(Stopped, stop => stop.StopWhatIsInFlight()),
            When(Nudged).LookForStop().If(Stopped, stop => stop.StopWhatIsInFlight()).RetellReports());

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
            When(RetryRequested).IfAsync(PlanVerbs.RetryAccepted, GoOn),
            When(CancelRequested).IfAsync(PlanVerbs.RetryCancelled, EndAsItStands),
            When(Nudged).IfAsync(PlanVerbs.RollbackAccepted, TakeBackAgain).IfAsync(PlanVerbs.RetryAccepted, GoOn).IfAsync(PlanVerbs.RetryCancelled, EndAsItStands));

        During(QueuedForRollback,
            When(Released).TakeTargets().If(HoldsTargets, TakeBack),
            When(Nudged).TakeTargets().If(HoldsTargets, TakeBack));

        IgnoreWhatComesLate();
    }

    public State Preparing { get; private set; } = null!;
    public State Queued { get; private set; } = null!;
    public State Running { get; private set; } = null!;

    /// <summary>A step failed, or the plan was stopped: nothing more is begun, and what is in flight is waited for.</summary>
    public State Draining { get; private set; } = null!;

    public State RollingBack { get; private set; } = null!;

    /// <summary>Completed; the former containers are being removed.</summary>
    public State Finalizing { get; private set; } = null!;

    public State Ended { get; private set; } = null!;
    public State QueuedForRollback { get; private set; } = null!;

    private static bool HoldsTargets<T>(BehaviorContext<DeploymentState, T> context) where T : class => context.Saga.HoldsTargets;

    private static bool AllSucceeded<T>(BehaviorContext<DeploymentState, T> context) where T : class =>
        context.Saga.Succeeded == context.Saga.Total && !context.Saga.Stopped;

    private static bool SomethingFailed<T>(BehaviorContext<DeploymentState, T> context) where T : class => context.Saga.Failed > 0;

    private static bool NothingInFlight<T>(BehaviorContext<DeploymentState, T> context) where T : class => context.Saga.InFlight == 0;

    private static bool Stopped<T>(BehaviorContext<DeploymentState, T> context) where T : class => context.Saga.Stopped;

    private static bool IsOurs(BehaviorContext<DeploymentState, DeploymentDeadlineReached> context) => context.Message.Token == context.Saga.DeadlineToken;

    // Nothing touched: there is nothing to take back, whatever was asked for. Who stops a plan says what becomes of it.
    private static bool RollsBack<T>(BehaviorContext<DeploymentState, T> context) where T : class =>
        context.Saga.Touched > 0 && (context.Saga.Stopped ? context.Saga.StopTakesBack : context.Saga.AutoRollback);

    private EventActivityBinder<DeploymentState, T> LineUp<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.TakeTargets().IfElse(HoldsTargets, Start, wait => wait.RecordQueued().TransitionTo(Queued));

    private EventActivityBinder<DeploymentState, T> Start<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.Begin().SendNextSteps().TransitionTo(Running);

    private EventActivityBinder<DeploymentState, T> Stop<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.StopWhatIsInFlight().TransitionTo(Draining).If(NothingInFlight, TakeBackOrEnd);

    private EventActivityBinder<DeploymentState, T> TakeBackOrEnd<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.IfElse(RollsBack, TakeBack, EndAsItStands);

    private EventActivityBinder<DeploymentState, T> TakeBack<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.BeginRollback().SendNextRollbacks().TransitionTo(RollingBack);

    private EventActivityBinder<DeploymentState, T> TakeBackAgain<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.LineUpAgain().TakeTargets().IfElse(HoldsTargets, TakeBack, wait => wait.TransitionTo(QueuedForRollback));

    private EventActivityBinder<DeploymentState, T> GoOn<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.OpenAgain().TransitionTo(Preparing);

    private EventActivityBinder<DeploymentState, T> EndAsItStands<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.EndKept().TransitionTo(Ended);

    private EventActivityBinder<DeploymentState, T> EndRolledBack<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.EndAsRolledBack().TransitionTo(Ended);

    private EventActivityBinder<DeploymentState, T> End<T>(EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.IfElse(context => context.Saga.RollbackWanted, TakeBack, end => end.ReleaseTargets().TransitionTo(Ended));
}
