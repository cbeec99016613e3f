using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Work;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Deployments;

/// <summary>The verbs of the machine that begin and end a plan; those that stop it and go on with it are in StopVerbs. They write rows; the message's transaction commits them with the saga's.</summary>
internal static class PlanVerbs
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(24);

    public static EventActivityBinder<DeploymentState, T> Open<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var plan = await context.Plan();
            context.Saga.Total = plan.StepCount;
            context.Saga.MaxParallel = plan.MaxParallel;
            context.Saga.AutoRollback = plan.AutoRollback;
        });

    /// <summary>Sees to it that the preparation is under way, or that its outcome is told.</summary>
    public static EventActivityBinder<DeploymentState, T> EnsurePreparation<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var plan = await context.Plan();
            if (await context.Db().WorkItems.AnyAsync(x => x.SubjectId == plan.Id && x.Act == StepAct.Prepare, context.CancellationToken))
            {
                return;
            }

            // The work is done and its report was lost: its outcome stands in the rows.
            if (plan.Error is not null)
            {
                context.Db().Send(Queues.Deployments, plan.Id, new DeploymentRefused(plan.Id));
            }
            else if (plan.ImageDigest is not null)
            {
                context.Db().Send(Queues.Deployments, plan.Id, new DeploymentPrepared(plan.Id));
            }
            else
            {
                context.Db().AddWork(StepAct.Prepare, plan.Id, plan.Id);
                context.Db().Send(Queues.Steps, plan.Id, new PrepareDeployment(plan.Id));
            }
        });

    public static EventActivityBinder<DeploymentState, T> TakeTargets<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            // The sweep looks at the plans that it has not seen for longest: one that waits must not stand before others for ever.
            await context.Plan();
            context.Saga.HoldsTargets = !context.Saga.Stopped && await context.Db().TryTake(context.Saga.CorrelationId, context.CancellationToken);
        });

    public static EventActivityBinder<DeploymentState, T> RecordQueued<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var plan = await context.Plan();
            plan.Status = context.Saga.Stopped ? plan.Status : PlanStatus.Queued;
            context.SetDeadline(LongestWait);
        });

    public static EventActivityBinder<DeploymentState, T> Begin<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var plan = await context.Plan();
            plan.Status = PlanStatus.Running;
            plan.StartedAt ??= DateTime.UtcNow;
            var rounds = (plan.StepCount + plan.MaxParallel - 1) / plan.MaxParallel;
            await context.CallDeadlineOff();
            context.SetDeadline(TimeSpan.FromMinutes(10) + (rounds * StepTimes.Deploy));
            context.Announce(plan, new DeploymentStarted(context.Facts(plan), plan.StepCount));
        });

    public static EventActivityBinder<DeploymentState, T> RecordDeadline<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var plan = await context.Plan();
            var message = !context.Saga.HoldsTargets
                ? $"The plan waited {LongestWait.TotalHours} hours for other plans that hold its containers. Look at what they wait for, then submit it again."
                : "The plan used up its time before all its steps had ended. Look at the step that took long, then retry.";
            plan.Error ??= new DeploymentError(DeploymentErrorCodes.DeadlineExceeded, message);
            await context.CallDeadlineOff();
            context.Saga.Failed++;
        });

    public static EventActivityBinder<DeploymentState, T> AnnounceCompleted<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var plan = await context.Plan();
            await context.Close(plan, PlanStatus.Completed);
            context.Announce(plan, new DeploymentCompleted(context.Facts(plan)));
            context.Saga.NextOrder = 0;
        });

    /// <summary>Ends the plan and undoes nothing: it was stopped, or it failed.</summary>
    public static EventActivityBinder<DeploymentState, T> EndKept<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var (db, plan) = (context.Db(), await context.Plan());
            await context.SkipWhatIsLeft();

            // Both containers stay; the next plan of the same target has to know which of the two was proven.
            if (context.Saga.Touched > 0)
            {
                await db.ServiceDeployments
                    .Where(d => db.Steps.Any(s => s.PlanId == plan.Id && s.Touched && s.ServiceDeploymentId == d.Id))
                    .ExecuteUpdateAsync(
                        set => set.SetProperty(
                            d => d.KeptStepId, d => db.Steps.Where(s => s.PlanId == plan.Id && s.ServiceDeploymentId == d.Id).Select(s => (Guid?)s.Id).First()),
                        context.CancellationToken);
            }

            await context.Close(plan, plan switch
            {
                { StopWantedAt: null } => PlanStatus.Failed,
                { SupersededBy: not null } => PlanStatus.Superseded,
                _ => PlanStatus.Cancelled,
            });
            var facts = context.Facts(plan);
            context.Announce(plan, plan.Status switch
            {
                PlanStatus.Failed => new DeploymentFailed(facts, plan.Error!),
                PlanStatus.Superseded => new DeploymentSuperseded(facts, plan.SupersededBy!.Value),
                _ => new DeploymentCancelled(facts, plan.CancelledBy!),
            });
            await context.GiveTargetsBack();
        });

    /// <summary>The Intake marks a plan with the command that it sends: the mark holds where the command was lost, and a stray command has none.</summary>
    public static async Task<bool> RollbackAccepted<T>(BehaviorContext<DeploymentState, T> context) where T : class =>
        (await context.Plan()).Status == PlanStatus.Queued;

    /// <summary>The same for going on with a plan that had ended.</summary>
    public static async Task<bool> RetryAccepted<T>(BehaviorContext<DeploymentState, T> context) where T : class =>
        (await context.Plan()).Status == PlanStatus.Pending;

    /// <summary>It was to go on, and was cancelled before it did.</summary>
    public static async Task<bool> RetryCancelled<T>(BehaviorContext<DeploymentState, T> context) where T : class =>
        (await context.Plan()).Status == PlanStatus.Cancelling;

    /// <summary>The report is on the preparation that was asked for last: one of a former try may still be on its way.</summary>
    public static async Task<bool> PreparationEnded<T>(BehaviorContext<DeploymentState, T> context) where T : class =>
        (await context.Plan()).RetriedBy is null
        || !await context.Db().WorkItems.AnyAsync(x => x.SubjectId == context.Saga.CorrelationId && x.Act == StepAct.Prepare, context.CancellationToken);

    public static EventActivityBinder<DeploymentState, T> LineUpAgain<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var (db, id) = (context.Db(), context.Saga.CorrelationId);
            var targets = await db.Steps.Where(s => s.PlanId == id && s.Touched)
                .Join(db.Servers, s => s.ServerId, server => server.Id, (s, server) => new { s.ContainerName, server.EngineId, server.Id })
                .ToListAsync(context.CancellationToken);
            await db.EnterLine(alone: false, context.CancellationToken);
            db.LineUp(id, targets.Select(x => TargetLock.ForContainer(x.EngineId ?? TargetLock.UnknownEngine(x.Id), x.ContainerName)));
            await db.SaveChangesAsync(context.CancellationToken);
        });

    public static EventActivityBinder<DeploymentState, RollbackDeployment> RecordRollbackWanted(
        this EventActivityBinder<DeploymentState, RollbackDeployment> binder) => binder.Then(context => context.Saga.RollbackWanted = true);

    public static EventActivityBinder<DeploymentState, T> BeginRollback<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var plan = await context.Plan();
            plan.Status = PlanStatus.RollingBack;
            plan.CompletedAt = null;
            context.Saga.RollbackWanted = false;
            context.Saga.NotRestored = 0;
            context.Saga.NextOrder = context.Saga.Total;
            await context.CallDeadlineOff();
        });

    public static EventActivityBinder<DeploymentState, T> EndAsRolledBack<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(async context =>
        {
            var plan = await context.Plan();
            await context.SkipWhatIsLeft();
            var whole = context.Saga.NotRestored == 0;
            await context.Close(plan, whole ? PlanStatus.RolledBack : PlanStatus.PartiallyRolledBack);
            context.Announce(plan, whole
                ? new DeploymentRolledBack(context.Facts(plan), plan.Error)
                : new DeploymentPartiallyRolledBack(context.Facts(plan), plan.Error));
            await context.GiveTargetsBack();
        });

    public static EventActivityBinder<DeploymentState, T> ReleaseTargets<T>(this EventActivityBinder<DeploymentState, T> binder) where T : class =>
        binder.ThenAsync(context => context.GiveTargetsBack());
}
