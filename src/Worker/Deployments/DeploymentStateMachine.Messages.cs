using System.Linq.Expressions;
using DeployHub.Contracts.Deployments;
using MassTransit;

namespace DeployHub.Worker.Deployments;

/// <summary>The messages of the machine, and which of them each state lets pass.</summary>
public sealed partial class DeploymentStateMachine
{
    public Event<BeginDeployment> Submitted { get; private set; } = null!;
    public Event<DeploymentPrepared> Prepared { get; private set; } = null!;
    public Event<DeploymentRefused> Refused { get; private set; } = null!;
    public Event<TargetsReleased> Released { get; private set; } = null!;
    public Event<StepSucceeded> StepSucceeded { get; private set; } = null!;
    public Event<StepFailed> StepFailed { get; private set; } = null!;
    public Event<StepStopped> StepStopped { get; private set; } = null!;
    public Event<StepRestored> StepRestored { get; private set; } = null!;
    public Event<StepRestoreFailed> StepRestoreFailed { get; private set; } = null!;
    public Event<StepFinalized> StepFinalized { get; private set; } = null!;
    public Event<TakeBackDeployment> RollbackRequested { get; private set; } = null!;
    public Event<StopDeployment> CancelRequested { get; private set; } = null!;
    public Event<RetryDeployment> RetryRequested { get; private set; } = null!;
    public Event<DeploymentDeadlineReached> DeadlineReached { get; private set; } = null!;
    public Event<DeploymentNudged> Nudged { get; private set; } = null!;

    private void Correlate()
    {
        Event(() => Submitted, e => e.CorrelateById(m => m.Message.PlanId));
        Event(() => Prepared, e => e.CorrelateById(m => m.Message.PlanId));
        Event(() => Refused, e => e.CorrelateById(m => m.Message.PlanId));
        Known(() => Released, m => m.PlanId);
        Known(() => StepSucceeded, m => m.PlanId);
        Known(() => StepFailed, m => m.PlanId);
        Known(() => StepStopped, m => m.PlanId);
        Known(() => StepRestored, m => m.PlanId);
        Known(() => StepRestoreFailed, m => m.PlanId);
        Known(() => StepFinalized, m => m.PlanId);
        Known(() => RollbackRequested, m => m.PlanId);
        Known(() => CancelRequested, m => m.PlanId);
        Known(() => RetryRequested, m => m.PlanId);
        Known(() => DeadlineReached, m => m.PlanId);
        Known(() => Nudged, m => m.PlanId);
    }

    // A message about a plan that has no instance is about one whose history was deleted, or a cancel that was faster than the plan's own
    // command: that one reads it from the rows.
    private void Known<T>(Expression<Func<Event<T>>> property, Func<T, Guid> planId) where T : class =>
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
        Late(StepStopped, all.Except([Draining]));
        Late(StepRestored, all.Except([RollingBack]));
        Late(StepRestoreFailed, all.Except([RollingBack]));
        Late(StepFinalized, all.Except([Finalizing]));
        Late(RollbackRequested, all.Except([Finalizing, Ended]));
        Late(CancelRequested, [RollingBack, Finalizing, QueuedForRollback]);
        Late(RetryRequested, all.Except([Ended]));
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
