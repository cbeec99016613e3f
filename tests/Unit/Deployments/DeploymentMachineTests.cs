using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Unit.Deployments;

public sealed class DeploymentMachineTests(MachineRig rig) : IClassFixture<MachineRig>
{
    [Fact]
    public async Task A_plan_whose_steps_all_succeed_is_completed_and_cleaned_up_after()
    {
        var plan = await rig.Begin(steps: 3);
        Assert.Equal(PlanStatus.Running, await rig.Reaches(plan, "Running"));

        for (var order = 0; order < 3; order++)
        {
            Assert.Equal($"Deploy:{order}", await rig.Outstanding(plan));
            await rig.Succeed(plan, order, former: order != 1);
        }

        // The one that had no container before has nothing to clean up.
        Assert.Equal(PlanStatus.Completed, await rig.Reaches(plan, "Finalizing"));
        Assert.Equal("Finalize:0 Finalize:2", await rig.Outstanding(plan));
        await rig.Clean(plan, 2);
        await rig.Clean(plan, 0);

        Assert.Equal(PlanStatus.Completed, await rig.Reaches(plan, "Ended"));
        Assert.Equal(["DeploymentStarted", "ServiceDeployed", "ServiceDeployed", "ServiceDeployed", "DeploymentCompleted"], await rig.Events(plan, 5));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_plan_of_new_containers_alone_ends_without_cleaning_up()
    {
        var plan = await rig.Begin();
        await rig.Succeed(plan, 0, former: false);

        Assert.Equal(PlanStatus.Completed, await rig.Reaches(plan, "Ended"));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_failure_takes_back_every_touched_step_the_last_one_first()
    {
        var plan = await rig.Begin(steps: 4);
        await rig.Succeed(plan, 0);
        await rig.Succeed(plan, 1);
        await rig.Fail(plan, 2);

        Assert.Equal(PlanStatus.RollingBack, await rig.Reaches(plan, "RollingBack"));
        foreach (var order in new[] { 2, 1, 0 })
        {
            Assert.Equal($"Rollback:{order}", await rig.Outstanding(plan));
            await rig.Restore(plan, order);
        }

        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
        Assert.Equal("rolled_back rolled_back failed skipped", await rig.Steps(plan));
        Assert.Equal(
            ["DeploymentStarted", "ServiceDeployed", "ServiceDeployed", "ServiceDeployFailed", "ServiceRolledBack", "ServiceRolledBack", "ServiceRolledBack", "DeploymentRolledBack"],
            await rig.Events(plan, 8));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_failure_without_rollback_keeps_everything_as_it_stands()
    {
        var plan = await rig.Begin(steps: 3, autoRollback: false);
        await rig.Succeed(plan, 0);
        await rig.Fail(plan, 1);

        Assert.Equal(PlanStatus.Failed, await rig.Reaches(plan, "Ended"));
        Assert.Equal("success failed skipped", await rig.Steps(plan));
        Assert.Equal(["DeploymentStarted", "ServiceDeployed", "ServiceDeployFailed", "DeploymentFailed"], await rig.Events(plan, 4));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_failure_before_anything_was_touched_has_nothing_to_take_back()
    {
        var plan = await rig.Begin(steps: 2);
        await rig.Fail(plan, 0, touched: false);

        Assert.Equal(PlanStatus.Failed, await rig.Reaches(plan, "Ended"));
        Assert.Equal("failed skipped", await rig.Steps(plan));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task What_cannot_be_restored_makes_the_end_a_partial_one_and_the_others_are_still_restored()
    {
        var plan = await rig.Begin(steps: 3, maxParallel: 3);
        await rig.Succeed(plan, 0);
        await rig.Fail(plan, 1);
        await rig.Succeed(plan, 2);
        await rig.NotRestore(plan, 1);
        await rig.Restore(plan, 2);
        await rig.Restore(plan, 0);

        Assert.Equal(PlanStatus.PartiallyRolledBack, await rig.Reaches(plan, "Ended"));
        Assert.Equal("rolled_back rollback_failed rolled_back", await rig.Steps(plan));
        Assert.Equal("DeploymentPartiallyRolledBack", (await rig.Events(plan, 8))[^1]);
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task No_more_steps_are_under_way_than_the_window_holds()
    {
        var plan = await rig.Begin(steps: 8, maxParallel: 3);
        Assert.Equal("Deploy:0 Deploy:1 Deploy:2", await rig.Outstanding(plan));

        await rig.Succeed(plan, 1);
        Assert.Equal("Deploy:0 Deploy:2 Deploy:3", await rig.Outstanding(plan));
        await rig.Succeed(plan, 3);
        Assert.Equal("Deploy:0 Deploy:2 Deploy:4", await rig.Outstanding(plan));
        await rig.Fail(plan, 0);

        // What is in flight is waited for, nothing more is begun.
        Assert.Equal("Deploy:2 Deploy:4", await rig.Outstanding(plan));
        await rig.Succeed(plan, 4);
        Assert.Equal("Deploy:2", await rig.Outstanding(plan));
        await rig.Succeed(plan, 2);

        Assert.Equal("Rollback:2 Rollback:3 Rollback:4", await rig.Outstanding(plan));
        await rig.Restore(plan, 3);
        Assert.Equal("Rollback:1 Rollback:2 Rollback:4", await rig.Outstanding(plan));
    }

    [Fact]
    public async Task Many_steps_that_end_at_once_never_overfill_the_window()
    {
        var plan = await rig.Begin(steps: 12, maxParallel: 4);
        for (var begin = 0; begin < 12; begin += 4)
        {
            await Eventually.Equal($"Deploy:{begin} Deploy:{begin + 1} Deploy:{begin + 2} Deploy:{begin + 3}", () => rig.Outstanding(plan));
            await Task.WhenAll(Enumerable.Range(begin, 4).Select(order => rig.Succeed(plan, order, former: false)));
        }

        Assert.Equal(PlanStatus.Completed, await rig.Reaches(plan, "Ended"));
        Assert.Equal(14, (await rig.Events(plan, 14)).Length);
    }

    [Fact]
    public async Task Reports_told_again_and_again_count_once()
    {
        var plan = await rig.Submit(steps: 3, maxParallel: 2);
        await rig.Prepare(plan, tell: 3);
        await rig.Succeed(plan, 1, tell: 3);
        await rig.Succeed(plan, 0, tell: 2);
        await rig.Fail(plan, 2, tell: 3);
        await rig.Tell(plan, new StepSucceeded(plan.Id, plan.Steps[1]), new StepFailed(plan.Id, plan.Steps[2]), new DeploymentPrepared(plan.Id));
        await rig.Restore(plan, 2, tell: 3);
        await rig.Tell(plan, new StepRestored(plan.Id, plan.Steps[2]), new StepFailed(plan.Id, plan.Steps[2]));
        await rig.Restore(plan, 1, tell: 2);
        await rig.Restore(plan, 0, tell: 3);
        await rig.Tell(plan, new StepRestored(plan.Id, plan.Steps[0]), new StepRestoreFailed(plan.Id, plan.Steps[0]), new StepSucceeded(plan.Id, plan.Steps[0]));

        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
        Assert.Equal(8, (await rig.Events(plan, 8)).Length);
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task Cleaning_up_that_is_reported_twice_ends_the_plan_once()
    {
        var plan = await rig.Begin(steps: 2, maxParallel: 2);
        await rig.Succeed(plan, 0);
        await rig.Succeed(plan, 1);
        await rig.Clean(plan, 0, tell: 3);
        Assert.Equal("Finalizing", (await rig.Saga(plan))!.CurrentState);
        await rig.Clean(plan, 1, tell: 2);

        await rig.Reaches(plan, "Ended");
        await rig.Events(plan, 4);
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_refused_preparation_ends_the_plan_before_anything_was_touched()
    {
        var plan = await rig.Submit(steps: 2);
        await rig.Refuse(plan, tell: 2);

        Assert.Equal(PlanStatus.Failed, await rig.Reaches(plan, "Ended"));
        Assert.Equal("skipped skipped", await rig.Steps(plan));
        Assert.Equal(["DeploymentFailed"], await rig.Events(plan, 1));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_preparation_that_is_faster_than_the_command_begins_the_plan()
    {
        var plan = await rig.SubmitSlowly();
        await rig.Prepare(plan, tell: 2);
        Assert.Equal(PlanStatus.Running, await rig.Reaches(plan, "Running"));

        await rig.Tell(plan, new BeginDeployment(plan.Id));

        Assert.Equal("Deploy:0", await rig.Outstanding(plan));
        await rig.Succeed(plan, 0, former: false);
        await rig.Reaches(plan, "Ended");
        await rig.Events(plan, 3);
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_refusal_that_is_faster_than_the_command_ends_the_plan()
    {
        var plan = await rig.SubmitSlowly();
        await rig.Refuse(plan);
        Assert.Equal(PlanStatus.Failed, await rig.Reaches(plan, "Ended"));

        await rig.Tell(plan, new BeginDeployment(plan.Id));

        Assert.Equal(PlanStatus.Failed, await rig.Reaches(plan, "Ended"));
        await rig.Events(plan, 1);
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task Of_two_plans_on_one_target_the_second_waits_for_the_first()
    {
        var engine = $"engine-{Guid.NewGuid()}";
        var first = await rig.Begin(2, 2, true, engine, "a", "b");
        var second = await rig.Begin(1, 1, true, engine, "b");
        var third = await rig.Begin(1, 1, true, engine, "a");
        Assert.Equal(PlanStatus.Queued, await rig.Reaches(second, "Queued"));
        Assert.Equal(PlanStatus.Queued, await rig.Reaches(third, "Queued"));

        await rig.Succeed(first, 0, former: false);
        Assert.Equal("", await rig.Outstanding(third));
        await rig.Succeed(first, 1, former: false);

        await rig.Reaches(second, "Running");
        await rig.Reaches(third, "Running");
        await rig.Succeed(second, 0, former: false);
        await rig.Succeed(third, 0, former: false);
        await rig.Reaches(second, "Ended");
        await rig.Reaches(third, "Ended");
        await rig.NothingIsLeft(second);
    }

    [Fact]
    public async Task A_plan_that_waited_too_long_fails_and_those_behind_it_go_on()
    {
        var engine = $"engine-{Guid.NewGuid()}";
        var first = await rig.Begin(1, 1, true, engine, "a");
        var second = await rig.Begin(2, 1, true, engine, "a", "b");
        var third = await rig.Begin(1, 1, true, engine, "b");
        await rig.Reaches(third, "Queued");

        await rig.Tell(second, new DeploymentDeadlineReached(second.Id, Guid.NewGuid()));
        await rig.Tell(second, new DeploymentDeadlineReached(second.Id, (await rig.Saga(second))!.DeadlineToken!.Value));

        Assert.Equal(PlanStatus.Failed, await rig.Reaches(second, "Ended"));
        Assert.Equal("skipped skipped", await rig.Steps(second));
        Assert.Equal(DeploymentErrorCodes.DeadlineExceeded, (await Plan(second)).Error!.Code);
        await rig.Reaches(third, "Running");
        Assert.Equal("Running", (await rig.Saga(first))!.CurrentState);
    }

    [Fact]
    public async Task A_plan_that_used_up_its_time_begins_nothing_more_and_takes_back_what_it_touched()
    {
        var plan = await rig.Begin(steps: 3);
        await rig.Succeed(plan, 0);

        await rig.Tell(plan, new DeploymentDeadlineReached(plan.Id, (await rig.Saga(plan))!.DeadlineToken!.Value));
        Assert.Equal(PlanStatus.Running, await rig.Reaches(plan, "Draining"));
        await rig.Succeed(plan, 1);

        Assert.Equal(PlanStatus.RollingBack, await rig.Reaches(plan, "RollingBack"));
        await rig.Restore(plan, 1);
        await rig.Restore(plan, 0);
        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
        Assert.Equal(DeploymentErrorCodes.DeadlineExceeded, (await Plan(plan)).Error!.Code);
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_running_plan_has_one_deadline_and_it_is_called_off_at_the_end()
    {
        var engine = $"engine-{Guid.NewGuid()}";
        var first = await rig.Begin(1, 1, true, engine, "a");
        var second = await rig.Begin(1, 1, true, engine, "a");
        Assert.Equal(1, await Deadlines(second));
        await rig.Succeed(first, 0, former: false);
        await rig.Reaches(second, "Running");

        Assert.Equal(0, await Deadlines(first));
        Assert.Equal(1, await Deadlines(second));
        await rig.Succeed(second, 0, former: false);
        await rig.Reaches(second, "Ended");
        Assert.Equal(0, await Deadlines(second));
    }

    [Fact]
    public async Task A_rollback_asked_for_after_the_end_takes_the_plan_back()
    {
        var plan = await rig.Begin(steps: 2);
        await rig.Succeed(plan, 0, former: false);
        await rig.Succeed(plan, 1, former: false);
        await rig.Reaches(plan, "Ended");

        await rig.AskForRollback(plan);
        Assert.Equal(PlanStatus.RollingBack, await rig.Reaches(plan, "RollingBack"));
        await rig.Restore(plan, 1);
        await rig.Restore(plan, 0);

        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
        Assert.Equal("rolled_back rolled_back", await rig.Steps(plan));
        await rig.Events(plan, 7);
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_rollback_asked_for_while_cleaning_up_begins_when_that_is_done()
    {
        var plan = await rig.Begin(steps: 2);
        await rig.Succeed(plan, 0);
        await rig.Succeed(plan, 1);
        await rig.Reaches(plan, "Finalizing");

        await rig.AskForRollback(plan);
        await rig.Clean(plan, 0);
        Assert.Equal("Finalizing", (await rig.Saga(plan))!.CurrentState);
        await rig.Clean(plan, 1);

        Assert.Equal(PlanStatus.RollingBack, await rig.Reaches(plan, "RollingBack"));
        await rig.Restore(plan, 1);
        await rig.Restore(plan, 0);
        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
        await rig.NothingIsLeft(plan);
    }

    [Fact]
    public async Task A_rollback_waits_for_a_later_plan_that_holds_its_target()
    {
        var engine = $"engine-{Guid.NewGuid()}";
        var first = await rig.Begin(1, 1, true, engine, "a");
        await rig.Succeed(first, 0, former: false);
        await rig.Reaches(first, "Ended");
        var second = await rig.Begin(1, 1, true, engine, "a");

        await rig.AskForRollback(first);
        Assert.Equal(PlanStatus.Queued, await rig.Reaches(first, "QueuedForRollback"));
        await rig.Fail(second, 0, touched: false);

        await rig.Reaches(first, "RollingBack");
        await rig.Restore(first, 0);
        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(first, "Ended"));
    }

    [Fact]
    public async Task A_stray_command_to_take_back_what_is_back_already_changes_nothing()
    {
        var plan = await rig.Begin();
        await rig.Fail(plan, 0);
        await rig.Restore(plan, 0);
        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));

        await rig.Tell(plan, new TakeBackDeployment(plan.Id, "ann"));

        Assert.Equal(PlanStatus.RolledBack, await rig.Reaches(plan, "Ended"));
        await rig.Events(plan, 4);
        await rig.NothingIsLeft(plan);
    }

    private Task<DeploymentPlan> Plan(RigPlan plan) => rig.Read(db => db.Plans.AsNoTracking().SingleAsync(x => x.Id == plan.Id));

    private Task<int> Deadlines(RigPlan plan) => rig.Read(db => db.Outbox.CountAsync(x => x.CorrelationId == plan.Id && x.Token != null));
}
