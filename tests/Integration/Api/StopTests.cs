using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Integration.Hub;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace DeployHub.Integration.Api;

/// <summary>What is accepted of a cancel, a retry or a plan in the way, by where the plans stand. No worker is there to move them.</summary>
public sealed class StopTests(ApiHost host) : IClassFixture<ApiHost>
{
    private ApiClient Api => host.Admin;

    [Theory]
    [InlineData(PlanStatus.Pending, null, null)]
    [InlineData(PlanStatus.Queued, null, null)]
    [InlineData(PlanStatus.Running, null, null)]
    [InlineData(PlanStatus.Queued, "ann", "queued")]
    [InlineData(PlanStatus.RollingBack, null, "rolling_back")]
    [InlineData(PlanStatus.Completed, null, "completed")]
    [InlineData(PlanStatus.Failed, null, "failed")]
    [InlineData(PlanStatus.RolledBack, null, "rolled_back")]
    [InlineData(PlanStatus.PartiallyRolledBack, null, "partially_rolled_back")]
    [InlineData(PlanStatus.Cancelled, null, "cancelled")]
    [InlineData(PlanStatus.Superseded, null, "superseded")]
    public async Task A_cancel_meets_a_plan_in_every_state(PlanStatus status, string? rolledBackBy, string? refusedAs)
    {
        var (_, plan) = await Plan();
        await host.Edit(db => db.Plans.Where(x => x.Id == plan).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, status).SetProperty(x => x.RolledBackBy, rolledBackBy)));

        var answer = await Api.Post($"/api/deployment-plans/{plan}/cancel");
        var again = await Api.Post($"/api/deployment-plans/{plan}/cancel", new { });

        if (refusedAs is null)
        {
            Assert.Equal((202, "cancelling", "admin"), (answer.Status, (string)answer.Json!["plan"]!["status"]!, (string)answer.Json["plan"]!["cancelledBy"]!));
            Assert.Equal((202, $"/api/deployment-plans/{plan}"), (again.Status, again.Headers["Location"]));
            Assert.Equal(1, await Commands(plan, nameof(StopDeployment)));
        }
        else
        {
            ErrorTests.Says(answer, 409, "CONFLICT", null);
            Assert.Contains(refusedAs, answer.Text, StringComparison.Ordinal);
            Assert.Equal(0, await Commands(plan, nameof(StopDeployment)));
        }
    }

    [Fact]
    public async Task The_first_cancel_says_what_becomes_of_the_plan()
    {
        var (_, plan) = await Plan();
        var path = $"/api/deployment-plans/{plan}/cancel";
        ErrorTests.Says(await Api.Post(path, new { rollback = "yes" }), 400, "VALIDATION_ERROR", "rollback");
        ErrorTests.Says(await Api.Post(path, new { rolback = true }), 400, "VALIDATION_ERROR", "rolback");
        ErrorTests.Says(await Api.Post($"/api/deployment-plans/{Guid.NewGuid()}/cancel"), 404, "NOT_FOUND", null);
        Assert.Equal(202, (await Api.Post(path, new { rollback = false })).Status);
        Assert.Equal(202, (await Api.Post(path, new { rollback = false })).Status);
        ErrorTests.Says(await Api.Post(path, new { rollback = true }), 409, "CONFLICT", "rollback");
    }

    [Theory]
    [InlineData(PlanStatus.Pending)]
    [InlineData(PlanStatus.Running)]
    [InlineData(PlanStatus.Completed)]
    [InlineData(PlanStatus.RolledBack)]
    [InlineData(PlanStatus.Superseded)]
    public async Task A_plan_that_is_under_way_or_reached_its_end_is_not_retried(PlanStatus status)
    {
        var (_, plan) = await Plan();
        await host.Edit(db => db.Plans.Where(x => x.Id == plan).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, status)));
        ErrorTests.Says(await Api.Post($"/api/deployment-plans/{plan}/retry"), 409, "CONFLICT", null);
    }

    [Fact]
    public async Task Of_many_retries_at_once_one_is_accepted()
    {
        var (_, plan) = await Plan();
        await host.Edit(async db =>
        {
            await db.Plans.Where(x => x.Id == plan).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, PlanStatus.Failed));
            await db.TargetLocks.Where(x => x.PlanId == plan).ExecuteDeleteAsync();
        });
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Api.Post($"/api/deployment-plans/{plan}/retry")));
        Assert.Equal([202, 409, 409, 409, 409, 409], answers.Select(x => x.Status).Order());
        Assert.Equal(1, await Commands(plan, nameof(RetryDeployment)));
    }

    [Fact]
    public async Task A_target_that_is_gone_keeps_a_plan_from_going_on()
    {
        var (shop, plan) = await Plan();
        await host.Edit(async db =>
        {
            await db.Plans.Where(x => x.Id == plan).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, PlanStatus.Failed));
            await db.TargetLocks.Where(x => x.PlanId == plan).ExecuteDeleteAsync();
        });
        Assert.Equal(204, (await Api.Delete($"/api/services/{shop.ServiceId}/deployments/{shop.DeploymentId}")).Status);
        ErrorTests.Says(await Api.Post($"/api/deployment-plans/{plan}/retry"), 409, "CONFLICT", null);
    }

    [Fact]
    public async Task Of_many_that_would_rather_not_wait_one_is_accepted_and_the_others_name_it()
    {
        var shop = await Inventory.WithService(Api);
        ErrorTests.Says(await Api.Post(shop.DeployPath, new { imageTag = "v1", onConflict = "wait" }), 400, "VALIDATION_ERROR", "onConflict");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Api.Post(shop.DeployPath, new { imageTag = "v1", onConflict = "reject" })));

        var accepted = Assert.Single(answers, x => x.Status == 202);
        Assert.All(answers.Where(x => x.Status != 202), x =>
        {
            ErrorTests.Says(x, 409, "CONFLICT", "onConflict");
            Assert.Contains((string)accepted.Json!["plan"]!["id"]!, x.Text, StringComparison.Ordinal);
        });
        Assert.Single((await Api.Get($"{shop.Root}/deployment-plans")).Json!["plans"]!.AsArray());
    }

    [Fact]
    public async Task Plans_that_have_begun_are_not_superseded()
    {
        var (shop, begun) = await Plan();
        var (waiting, goingBack) = (await Submit(shop, "queue"), await Submit(shop, "queue"));
        await host.Edit(db => db.Plans.Where(x => x.Id == begun || x.Id == goingBack)
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, PlanStatus.Queued).SetProperty(x => x.StartedAt, DateTime.UtcNow)));

        var newest = await Submit(shop, "supersede");

        await host.Edit(async db => Assert.Equal([waiting], await db.Plans.Where(x => x.SupersededBy == newest && x.Status == PlanStatus.Cancelling).Select(x => x.Id).ToListAsync()));
        Assert.Equal((1, 0, 0), (await Commands(waiting, nameof(StopDeployment)), await Commands(begun, nameof(StopDeployment)), await Commands(newest, nameof(StopDeployment))));
        Assert.Equal(202, (await Api.Post($"/api/deployment-plans/{waiting}/cancel")).Status);
    }

    private async Task<(Inventory Shop, Guid Plan)> Plan()
    {
        var shop = await Inventory.WithService(Api);
        return (shop, await Submit(shop, "queue"));
    }

    private async Task<Guid> Submit(Inventory shop, string onConflict)
    {
        var answer = await Api.Post(shop.DeployPath, new { imageTag = "v1", onConflict });
        Assert.True(answer.Status == 202, answer.Text);
        return Guid.Parse((string)answer.Json!["plan"]!["id"]!);
    }

    private async Task<int> Commands(Guid plan, string type)
    {
        var count = 0;
        await host.Edit(async db => count = await db.Outbox.CountAsync(x => x.CorrelationId == plan && x.MessageType.EndsWith("." + type)));
        return count;
    }
}
