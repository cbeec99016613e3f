using DeployHub.Contracts.Deployments;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Unit.Deployments;

/// <summary>A plan that is cancelled or superseded, in every state, with its messages told twice, late and not at all.</summary>
public sealed class CancelTests(MachineRig rig) : IClassFixture<MachineRig>
{
    [Fact]
    public async Task A_plan_that_is_being_prepared_ends_at_once_and_its_preparation_is_called_off()
    {
        var plan = await rig.Submit(steps: 2);
        await rig.Reaches(plan, "Preparing");

        await rig.Cancel(plan, tell: 2);
        await rig.Tell(plan, new DeploymentPrepared(plan.Id), new DeploymentRefused(plan.Id));

        Assert.Equal(PlanStatus.Cancelled, await rig.Reaches(plan, "Ended"));
        Assert.Equal("skipped skipped", await rig.Steps(plan));
        Assert.Equal(["DeploymentCancelled"], await rig.Events(plan, 1));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_plan_that_waits_ends_at_once_and_lets_those_behind_it_pass()
    {
        var engine = $"engine-{Guid.NewGuid()}";
        var first = await rig.Begin(1, 1, true, engine, "a");
        var second = await rig.Begin(2, 1, true, engine, "a", "b");
        var third = await rig.Begin(1, 1, true, engine, "b");
        await rig.Reaches(third, "Queued");

        await rig.Cancel(second, rollback: true, tell: 2);

        Assert.Equal(PlanStatus.Cancelled, await rig.Reaches(second, "Ended"));
        await rig.Reaches(third, "Running");
        Assert.Equal("Running", (await rig.Saga(first))!.CurrentState);
        Assert.Equal(["DeploymentCancelled"], await rig.Events(second, 1));
        await rig.NothingIsLeft(second);
    }

    [Fact]
    public async Task A_cancel_that_is_faster_than_the_plans_own_command_is_heeded()
    {
        var plan = await rig.SubmitSlowly();
        await rig.Cancel(plan);
        Assert.Null(await rig.Saga(plan));

        await rig.Tell(plan, new BeginDeployment(plan.Id));

        Assert.Equal(PlanStatus.Cancelled, await rig.Reaches(plan, "Ended"));
        await rig.Events(plan, 1);
    }

    [Fact]
    public async Task A_cancel_that_is_faster_than_the_preparations_report_is_heeded()
    {
        var plan = await rig.SubmitSlowly();
        await rig.Cancel(plan);

        await rig.Prepare(plan, tell: 2);

        Assert.Equal(PlanStatus.Cancelled, await rig.Reaches(plan, "Ended"));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_running_plan_begins_nothing_more_and_keeps_what_it_has_done()
    {
        var plan = await rig.Begin(steps: 3);
        await rig.Succeed(plan, 0);
        await rig.Cancel(plan, rollback: false, tell: 2);

        Assert.Equal(PlanStatus.Cancelling, await rig.Reaches(plan, "Draining"));
        Assert.Equal("1:BeforeTouch", await rig.StopPoints(plan));
        await rig.Succeed(plan, 1, tell: 2);

        Assert.Equal(PlanStatus.Cancelled, await rig.Reaches(plan, "Ended"));
        Assert.Equal("success success skipped", await rig.Steps(plan));
        Assert.Equal(["DeploymentStarted", "ServiceDeployed", "ServiceDeployed", "DeploymentCancelled"], await rig.Events(plan, 4));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_running_plan_is_taken_back_the_step_that_was_broken_off_included()
    {
        var plan = await rig.Begin(steps: 3);
        await rig.Succeed(plan, 0);
        await rig.Cancel(plan, rollback: true);
        await rig.Reaches(plan, "Draining");
        Assert.Equal("1:Anywhere", await rig.StopPoints(plan));
        await rig.StopStep(plan, 1, touched: true, tell: 2);

        Assert.Equal(PlanStatus.RollingBack, await rig.Reaches(plan, "RollingBack"));
        await rig.Restore(plan, 1);
        await rig.Restore(plan, 0, tell: 2);

        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
        Assert.Equal(
            ["DeploymentStarted", "ServiceDeployed", "ServiceRolledBack", "ServiceRolledBack", "DeploymentRolledBack"], await rig.Events(plan, 5));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_step_that_was_stopped_before_it_changed_anything_leaves_nothing_to_take_back()
    {
        var plan = await rig.Begin(steps: 2);
        await rig.Cancel(plan, rollback: true);
        await rig.StopStep(plan, 0, touched: false);

        Assert.Equal(PlanStatus.Cancelled, await rig.Reaches(plan, "Ended"));
        Assert.Equal("skipped skipped", await rig.Steps(plan));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task The_last_step_may_succeed_before_the_command_comes_and_the_plan_is_not_completed()
    {
        var plan = await rig.Begin(steps: 1);
        await rig.Cancel(plan, rollback: false, tell: 0);
        await rig.Succeed(plan, 0);
        Assert.Equal("Running", (await rig.Saga(plan))!.CurrentState);

        await rig.Tell(plan, new StopDeployment(plan.Id));

        Assert.Equal(PlanStatus.Cancelled, await rig.Reaches(plan, "Ended"));
        await rig.NothingIsLeft(plan);
    }

    [Theory]
    [InlineData("Preparing")]
    [InlineData("Queued")]
    [InlineData("Running")]
    public async Task A_cancel_whose_command_was_lost_is_heeded_at_the_next_nudge(string state)
    {
        var engine = $"engine-{Guid.NewGuid()}";
        var other = state == "Queued" ? await rig.Begin(1, 1, true, engine, "a") : null;
        var plan = state == "Preparing" ? await rig.Submit(1, 1, true, engine, "a") : await rig.Begin(1, 1, true, engine, "a");
        await rig.Reaches(plan, state);

        await rig.Cancel(plan, rollback: true, tell: 0);
        await rig.Tell(plan, new DeploymentNudged(plan.Id));
        if (state == "Running")
        {
            await rig.StopStep(plan, 0, touched: true, tell: 0);
            await rig.Tell(plan, new DeploymentNudged(plan.Id));
            await rig.Restore(plan, 0);
        }

        Assert.Equal(state == "Running" ? PlanStatus.RolledBack : PlanStatus.Cancelled, await rig.Reaches(plan, "Ended"));
        await rig.NothingIsLeft(plan);
        Assert.True(other is null || (await rig.Saga(other))!.CurrentState == "Running");
    }

    [Fact]
    public async Task A_step_that_fails_meanwhile_is_kept_where_that_was_asked_for()
    {
        var plan = await rig.Begin(steps: 2);
        await rig.Cancel(plan, rollback: false);
        await rig.Fail(plan, 0);

        Assert.Equal(PlanStatus.Cancelled, await rig.Reaches(plan, "Ended"));
        Assert.Equal("failed skipped", await rig.Steps(plan));
    }

    [Fact]
    public async Task A_cancel_after_a_failure_says_what_becomes_of_the_plan()
    {
        var plan = await rig.Begin(steps: 3, maxParallel: 2, autoRollback: false);
        await rig.Fail(plan, 0);
        await rig.Reaches(plan, "Draining");
        await rig.Cancel(plan, rollback: true);
        Assert.Equal("1:Anywhere", await rig.StopPoints(plan));
        await rig.Succeed(plan, 1);
        await rig.Restore(plan, 1);
        await rig.Restore(plan, 0);

        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
        Assert.Equal("failed rolled_back skipped", await rig.Steps(plan));
    }

    [Fact]
    public async Task A_stray_cancel_that_nobody_accepted_changes_nothing()
    {
        var plan = await rig.Begin(steps: 2);
        await rig.Tell(plan, new StopDeployment(plan.Id));
        await rig.Succeed(plan, 0, former: false);
        await rig.Tell(plan, new StopDeployment(plan.Id));
        await rig.Succeed(plan, 1, former: false);

        Assert.Equal(PlanStatus.Completed, await rig.Reaches(plan, "Ended"));
    }

    [Fact]
    public async Task What_cannot_be_taken_back_after_a_cancel_is_said()
    {
        var plan = await rig.Begin(steps: 1);
        await rig.Cancel(plan, rollback: true);
        await rig.StopStep(plan, 0, touched: true);
        await rig.NotRestore(plan, 0);

        Assert.Equal(PlanStatus.PartiallyRolledBack, await rig.Reaches(plan, "Ended"));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_cancelled_plan_that_was_kept_can_be_taken_back()
    {
        var plan = await rig.Begin(steps: 2);
        await rig.Cancel(plan, rollback: false);
        await rig.Succeed(plan, 0);
        await rig.Reaches(plan, "Ended");

        await rig.AskForRollback(plan);
        await rig.Restore(plan, 0);

        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task Plans_that_wait_are_superseded_and_the_one_that_runs_is_left_to_end()
    {
        var engine = $"engine-{Guid.NewGuid()}";
        var running = await rig.Begin(1, 1, true, engine, "a");
        var waiting = await rig.Begin(1, 1, true, engine, "a");
        var preparing = await rig.Submit(1, 1, true, engine, "a");
        var newest = await rig.Begin(1, 1, true, engine, "a");
        await rig.Supersede(waiting, newest.Id, tell: 2);
        await rig.Supersede(preparing, newest.Id);

        Assert.Equal(PlanStatus.Superseded, await rig.Reaches(waiting, "Ended"));
        Assert.Equal(PlanStatus.Superseded, await rig.Reaches(preparing, "Ended"));
        Assert.Equal(["DeploymentSuperseded"], await rig.Events(waiting, 1));
        Assert.Equal("skipped", await rig.Steps(waiting));
        await rig.Succeed(running, 0, former: false);
        await rig.Reaches(newest, "Running");
        await rig.NothingIsLeft(waiting);
        await rig.NothingIsLeft(preparing);
    }

    [Fact]
    public async Task A_failed_plan_goes_on_with_the_steps_that_did_not_succeed()
    {
        var plan = await rig.Begin(steps: 4, autoRollback: false);
        await rig.Succeed(plan, 0);
        await rig.Fail(plan, 1);
        await rig.Reaches(plan, "Ended");

        await rig.Retry(plan, tell: 2);
        await rig.Reaches(plan, "Preparing");
        await rig.Tell(plan, new DeploymentPrepared(plan.Id), new StepFailed(plan.Id, plan.Steps[1]), new StepSucceeded(plan.Id, plan.Steps[0]));
        Assert.Equal("Preparing", (await rig.Saga(plan))!.CurrentState);
        await rig.Prepare(plan);
        Assert.Equal("Deploy:1", await rig.Outstanding(plan));
        await rig.Tell(plan, new StepFailed(plan.Id, plan.Steps[1]));
        await rig.Succeed(plan, 1);
        await rig.Succeed(plan, 2, former: false);
        await rig.Succeed(plan, 3, former: false);
        await rig.Clean(plan, 0);
        await rig.Clean(plan, 1);

        Assert.Equal(PlanStatus.Completed, await rig.Reaches(plan, "Ended"));
        await rig.Events(plan, 9);
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_retry_whose_command_was_lost_begins_at_the_next_nudge_and_may_fail_again()
    {
        var plan = await rig.Begin(steps: 2, autoRollback: false);
        await rig.Fail(plan, 0);
        await rig.Reaches(plan, "Ended");
        await rig.Retry(plan, tell: 0);

        await rig.Tell(plan, new DeploymentNudged(plan.Id));
        await rig.Prepare(plan);
        await rig.Fail(plan, 0);

        Assert.Equal(PlanStatus.Failed, await rig.Reaches(plan, "Ended"));
        Assert.Equal("failed skipped", await rig.Steps(plan));
        Assert.Equal(1, (await rig.Saga(plan))!.Touched);
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_retry_that_is_refused_leaves_the_plan_as_it_was()
    {
        var plan = await rig.Begin(steps: 3, autoRollback: false);
        await rig.Succeed(plan, 0);
        await rig.Fail(plan, 1);
        await rig.Reaches(plan, "Ended");
        await rig.Retry(plan);
        await rig.Refuse(plan, tell: 2);

        Assert.Equal(PlanStatus.Failed, await rig.Reaches(plan, "Ended"));
        Assert.Equal("success failed skipped", await rig.Steps(plan));
        var failed = await rig.Read(db => db.Steps.AsNoTracking().SingleAsync(x => x.Id == plan.Steps[1]));
        Assert.Equal(DeploymentErrorCodes.Unhealthy, failed.Error!.Code);
        await rig.NothingIsLeft(plan);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public async Task A_retry_that_is_cancelled_before_it_begins_ends_as_the_plan_stood(int tellRetry)
    {
        var plan = await rig.Begin(steps: 2, autoRollback: false);
        await rig.Fail(plan, 0);
        await rig.Reaches(plan, "Ended");
        await rig.Retry(plan, tell: tellRetry);

        await rig.Cancel(plan);

        Assert.Equal(PlanStatus.Cancelled, await rig.Reaches(plan, "Ended"));
        Assert.Equal("failed skipped", await rig.Steps(plan));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_cancel_while_a_retry_runs_takes_back_what_the_former_try_had_touched_as_well()
    {
        var plan = await rig.Begin(steps: 3, autoRollback: false);
        await rig.Succeed(plan, 0);
        await rig.Fail(plan, 1);
        await rig.Reaches(plan, "Ended");
        await rig.Retry(plan);
        await rig.Prepare(plan);
        await rig.Cancel(plan, rollback: true);
        await rig.StopStep(plan, 1, touched: true);
        await rig.Restore(plan, 1);
        await rig.Restore(plan, 0);

        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
        await rig.NothingIsLeft(plan);
    }
}
