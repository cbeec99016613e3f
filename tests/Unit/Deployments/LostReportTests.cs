using DeployHub.Contracts.Deployments;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Unit.Deployments;

/// <summary>A message may be lost (it was in memory, or it failed too often while the database was away): the sweep's nudge drives the plan on from its rows.</summary>
public sealed class LostReportTests(MachineRig rig) : IClassFixture<MachineRig>
{
    [Fact]
    public async Task A_lost_preparation_is_told_again()
    {
        var plan = await rig.Submit();
        await rig.Prepare(plan, tell: 0);
        Assert.Equal("Preparing", (await rig.Saga(plan))!.CurrentState);

        await Nudge(plan);

        await rig.Reaches(plan, "Running");
    }

    [Fact]
    public async Task A_lost_refusal_is_told_again()
    {
        var plan = await rig.Submit();
        await rig.Refuse(plan, tell: 0);

        await Nudge(plan);

        Assert.Equal(PlanStatus.Failed, await rig.Reaches(plan, "Ended"));
    }

    [Fact]
    public async Task A_preparation_that_is_still_outstanding_is_not_asked_for_twice()
    {
        var plan = await rig.Submit();
        await Nudge(plan);

        Assert.Equal("Prepare", await rig.Outstanding(plan));
        await rig.Prepare(plan);
        await rig.Reaches(plan, "Running");
    }

    [Fact]
    public async Task Lost_results_of_steps_are_told_again_and_counted_once()
    {
        var plan = await rig.Begin(steps: 3, maxParallel: 2);
        await rig.Succeed(plan, 0, tell: 0);
        await rig.Succeed(plan, 1);

        await Nudge(plan);
        await rig.Fail(plan, 2, tell: 0);
        Assert.Equal("", await rig.Outstanding(plan));
        await Nudge(plan);

        await rig.Reaches(plan, "RollingBack");
        await rig.Restore(plan, 2, tell: 0);
        await rig.NotRestore(plan, 1, tell: 0);
        await Nudge(plan);
        await rig.Restore(plan, 0, tell: 0);
        await Nudge(plan);

        Assert.Equal(PlanStatus.PartiallyRolledBack, await rig.Reaches(plan, "Ended"));
        await rig.Events(plan, 8);
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_result_lost_while_draining_is_told_again()
    {
        var plan = await rig.Begin(steps: 2, maxParallel: 2, autoRollback: false);
        await rig.Fail(plan, 0);
        await rig.Reaches(plan, "Draining");
        await rig.Succeed(plan, 1, tell: 0);

        await Nudge(plan);

        Assert.Equal(PlanStatus.Failed, await rig.Reaches(plan, "Ended"));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task Cleaning_up_whose_report_was_lost_is_told_again()
    {
        var plan = await rig.Begin(steps: 20, maxParallel: 20);
        for (var order = 0; order < 20; order++)
        {
            await rig.Succeed(plan, order);
        }

        await rig.Reaches(plan, "Finalizing");
        for (var order = 0; order < 16; order++)
        {
            await rig.Clean(plan, order, tell: order % 2);
        }

        // Eight of sixteen were heard of, so the last four have been asked for already.
        await Nudge(plan);
        for (var order = 16; order < 20; order++)
        {
            await rig.Clean(plan, order, tell: 0);
        }

        await Nudge(plan);
        Assert.Equal(PlanStatus.Completed, await rig.Reaches(plan, "Ended"));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_plan_that_was_not_told_of_free_targets_finds_them_free()
    {
        var engine = $"engine-{Guid.NewGuid()}";
        var first = await rig.Begin(1, 1, true, engine, "a");
        var second = await rig.Begin(1, 1, true, engine, "a");
        await rig.Reaches(second, "Queued");
        await Nudge(second);
        Assert.Equal("Queued", (await rig.Saga(second))!.CurrentState);
        await rig.Write(db => db.TargetLocks.Where(x => x.PlanId == first.Id).ExecuteDeleteAsync());

        await Nudge(second);

        await rig.Reaches(second, "Running");
    }

    [Fact]
    public async Task An_accepted_rollback_whose_command_was_lost_begins_at_the_next_nudge()
    {
        var plan = await rig.Begin();
        await rig.Succeed(plan, 0, former: false);
        await rig.Reaches(plan, "Ended");
        await rig.AskForRollback(plan, tell: false);

        await Nudge(plan);

        Assert.Equal(PlanStatus.RollingBack, await rig.Reaches(plan, "RollingBack"));
        await rig.Restore(plan, 0);
        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
    }

    [Fact]
    public async Task A_rollback_accepted_while_cleaning_up_is_not_forgotten_when_its_command_was_lost()
    {
        var plan = await rig.Begin();
        await rig.Succeed(plan, 0);
        await rig.Reaches(plan, "Finalizing");
        await rig.AskForRollback(plan, tell: false);
        await rig.Clean(plan, 0);
        await rig.Reaches(plan, "Ended");

        await Nudge(plan);

        await rig.Restore(plan, 0);
        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
    }

    [Fact]
    public async Task A_nudge_changes_nothing_where_a_worker_is_still_at_it()
    {
        var plan = await rig.Begin(steps: 3, maxParallel: 2);
        await Nudge(plan);
        Assert.Equal("Deploy:0 Deploy:1", await rig.Outstanding(plan));
        await rig.Fail(plan, 0);
        await rig.Fail(plan, 1);
        await Nudge(plan);
        Assert.Equal("Rollback:0 Rollback:1", await rig.Outstanding(plan));
        await rig.Events(plan, 3);
    }

    [Fact]
    public async Task A_nudge_of_a_plan_that_has_ended_changes_nothing()
    {
        var plan = await rig.Begin();
        await rig.Succeed(plan, 0, former: false);
        await rig.Reaches(plan, "Ended");

        await Nudge(plan);

        Assert.Equal(PlanStatus.Completed, await rig.Reaches(plan, "Ended"));
        await rig.Events(plan, 3);
        await rig.NothingIsLeft(plan);
    }

    private Task Nudge(RigPlan plan) => rig.Tell(plan, new DeploymentNudged(plan.Id));
}
