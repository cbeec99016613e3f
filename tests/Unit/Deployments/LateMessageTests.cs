using System.Text.Json;
using DeployHub.Contracts.Deployments;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Unit.Deployments;

/// <summary>Every state meets every message: what the diagram has no arrow for changes nothing and fails nowhere.</summary>
public sealed class LateMessageTests(MachineRig rig) : IClassFixture<MachineRig>
{
    private static readonly Dictionary<string, Type[]> Arrows = new()
    {
        ["Preparing"] = [typeof(DeploymentPrepared), typeof(DeploymentRefused), typeof(DeploymentNudged)],
        ["Queued"] = [typeof(TargetsReleased), typeof(DeploymentNudged), typeof(DeploymentDeadlineReached)],
        ["Running"] = [typeof(StepSucceeded), typeof(StepFailed), typeof(DeploymentDeadlineReached), typeof(DeploymentNudged)],
        ["Draining"] = [typeof(StepSucceeded), typeof(StepFailed), typeof(DeploymentNudged)],
        ["RollingBack"] = [typeof(StepRestored), typeof(StepRestoreFailed), typeof(DeploymentNudged)],
        ["Finalizing"] = [typeof(StepFinalized), typeof(TakeBackDeployment), typeof(DeploymentNudged)],
        // Only where the Intake has accepted one; here it has not.
        ["Ended"] = [],
        ["QueuedForRollback"] = [typeof(TargetsReleased), typeof(DeploymentNudged)],
    };

    public static TheoryData<string> States => [.. Arrows.Keys];

    [Theory]
    [MemberData(nameof(States))]
    public async Task A_message_that_the_state_has_no_use_for_changes_nothing(string state)
    {
        foreach (var message in Messages(Guid.Empty, Guid.Empty).Where(x => !Arrows[state].Contains(x.GetType())))
        {
            var plan = await rig.Place(state);
            var before = await Look(plan);

            await rig.Tell(plan, Messages(plan.Id, plan.Steps[1]).Single(x => x.GetType() == message.GetType()));

            Assert.Equal((message.GetType().Name, before), (message.GetType().Name, await Look(plan)));
        }
    }

    [Theory]
    [MemberData(nameof(States))]
    public async Task A_report_on_a_step_that_was_counted_before_changes_nothing(string state)
    {
        var plan = await rig.Place(state);
        var before = await Look(plan);

        await rig.Tell(plan, new StepSucceeded(plan.Id, plan.Steps[0]), new StepFailed(plan.Id, plan.Steps[0]));

        Assert.Equal(before, await Look(plan));
    }

    [Fact]
    public async Task A_message_about_a_plan_that_never_began_is_dropped()
    {
        var plan = new RigPlan(Guid.CreateVersion7(), [Guid.CreateVersion7()], Guid.Empty);

        await rig.Tell(plan, [.. Messages(plan.Id, plan.Steps[0]).Where(x => x is not (BeginDeployment or DeploymentPrepared or DeploymentRefused))]);

        Assert.Null(await rig.Saga(plan));
    }

    private static object[] Messages(Guid plan, Guid step) =>
    [
        new BeginDeployment(plan), new DeploymentPrepared(plan), new DeploymentRefused(plan), new TargetsReleased(plan), new StepSucceeded(plan, step), new StepFailed(plan, step),
        new StepRestored(plan, step), new StepRestoreFailed(plan, step), new StepFinalized(plan, step), new TakeBackDeployment(plan, "ann"), new DeploymentDeadlineReached(plan, Guid.NewGuid()),
        new DeploymentNudged(plan), new StepStopped(plan, step), new StopDeployment(plan), new RetryDeployment(plan),
    ];

    // All that the plan consists of, but for the count of the row's versions and the mark that tells the sweep of a move.
    private async Task<string> Look(RigPlan plan)
    {
        var saga = (await rig.Saga(plan))!;
        saga.Version = 0;
        var rows = await rig.Read(async db => new
        {
            Plan = await db.Plans.AsNoTracking().Where(x => x.Id == plan.Id).Select(x => new { x.Status, x.Error, x.CompletedAt }).SingleAsync(),
            Steps = await db.Steps.AsNoTracking().Where(x => x.PlanId == plan.Id).OrderBy(x => x.Order).ToListAsync(),
            Locks = await db.TargetLocks.CountAsync(x => x.PlanId == plan.Id),
            Outbox = await db.Outbox.CountAsync(x => x.CorrelationId == plan.Id && x.Token != null),
        });
        return JsonSerializer.Serialize(new { saga, rows, Work = await rig.Outstanding(plan) });
    }
}
