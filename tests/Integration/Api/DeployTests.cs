using DeployHub.Contracts.Deployments;
using DeployHub.Integration.Hub;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class DeployTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly string Digest = "sha256:" + new string('b', 64);

    private ApiClient Api => host.Admin;

    [Theory]
    [InlineData("{}", "imageTag")]
    [InlineData("{\"imageTag\":null}", "imageTag")]
    [InlineData("{\"imageTag\":\"\"}", "imageTag")]
    [InlineData("{\"imageTag\":\"\",\"imageDigestId\":\"sha256:x\"}", "imageTag")]
    [InlineData("{\"imageTag\":\"a/b\"}", "imageTag")]
    [InlineData("{\"imageTag\":\"-v1\"}", "imageTag")]
    [InlineData("{\"imageTag\":5}", "imageTag")]
    [InlineData("{\"imageDigestId\":\"x\"}", "imageDigestId")]
    [InlineData("{\"imageDigestId\":\"sha256:ABC\"}", "imageDigestId")]
    [InlineData("{\"imageTag\":\"v1\",\"autorollback\":false}", "autorollback")]
    [InlineData("{\"imageTag\":\"v1\",\"autoRollback\":\"no\"}", "autoRollback")]
    [InlineData("{\"imageTag\":\"v1\",\"maxParallel\":0}", "maxParallel")]
    [InlineData("{\"imageTag\":\"v1\",\"maxParallel\":65}", "maxParallel")]
    [InlineData("{\"imageTag\":\"v1\",\"maxParallel\":1.5}", "maxParallel")]
    public async Task A_request_that_cannot_be_is_a_400_that_names_the_field(string body, string field)
    {
        var shop = await Inventory.WithService(Api);
        ErrorTests.Says(await Api.Post(shop.DeployPath, body), 400, "VALIDATION_ERROR", field);
    }

    [Fact]
    public async Task Neither_tag_nor_digest_names_both_fields()
    {
        var shop = await Inventory.WithService(Api);
        var message = (string)(await Api.Post(shop.DeployPath, "{}")).Json!["message"]!;
        Assert.Contains("imageTag", message, StringComparison.Ordinal);
        Assert.Contains("imageDigestId", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Services_that_run_nowhere_are_named()
    {
        var shop = await Inventory.Bare(Api);
        ErrorTests.Says(await Api.Post(shop.DeployPath, new { imageTag = "v1" }), 400, "VALIDATION_ERROR", null);
        await shop.AddService("lonely");
        var answer = await Api.Post(shop.DeployPath, new { imageTag = "v1" });
        ErrorTests.Says(answer, 400, "VALIDATION_ERROR", null);
        Assert.Contains("«lonely»", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_image_or_digest_or_one_of_another_image_is_a_404()
    {
        var (mine, other) = (await Inventory.WithService(Api), await Inventory.WithService(Api));
        var digest = (await Api.Post($"/api/container-images/{other.ImageId}/digests", new { manifestDigest = Digest })).Json!["digest"]!;
        ErrorTests.Says(await Api.Post($"/api/container-images/{Guid.NewGuid()}/deploy", new { imageTag = "v1" }), 404, "NOT_FOUND", null);
        ErrorTests.Says(await Api.Post(mine.DeployPath, new { imageDigestId = Guid.NewGuid() }), 404, "NOT_FOUND", "imageDigestId");
        ErrorTests.Says(await Api.Post(mine.DeployPath, new { imageDigestId = digest["id"] }), 404, "NOT_FOUND", "imageDigestId");
        ErrorTests.Says(await Api.Post(mine.DeployPath, new { imageDigestId = Digest }), 404, "NOT_FOUND", "imageDigestId");
        Assert.Equal(202, (await Api.Post(other.DeployPath, new { imageDigestId = digest["id"] })).Status);
        Assert.Equal(202, (await Api.Post(other.DeployPath, new { imageDigestId = Digest, imageTag = "v1" })).Status);
    }

    [Fact]
    public async Task A_digest_is_deployed_once_it_is_recorded()
    {
        var shop = await Inventory.WithService(Api);
        var digest = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        ErrorTests.Says(await Api.Post(shop.DeployPath, new { imageDigestId = digest }), 404, "NOT_FOUND", "imageDigestId");
        Assert.Equal(201, (await Api.Post($"/api/container-images/{shop.ImageId}/digests", new { manifestDigest = digest })).Status);
        Assert.Equal(202, (await Api.Post(shop.DeployPath, new { imageDigestId = digest })).Status);
    }

    [Fact]
    public async Task What_is_accepted_is_a_plan_with_its_steps_and_its_commands_in_the_outbox()
    {
        var shop = await Inventory.WithService(Api);
        var answer = await Api.Post(shop.DeployPath, new { imageTag = "v1", maxParallel = 2 });
        var plan = answer.Json!["plan"]!;
        Assert.Equal((202, "1", $"/api/deployment-plans/{plan["id"]}"), (answer.Status, answer.Headers["Retry-After"], answer.Headers["Location"]));
        Assert.Equal(("pending", "v1", true, 2, "api", "admin"), (
            (string)plan["status"]!, (string)plan["imageTag"]!, (bool)plan["autoRollback"]!, (int)plan["maxParallel"]!, (string)plan["triggerType"]!, (string)plan["triggeredBy"]!));
        var step = Assert.Single(plan["steps"]!.AsArray())!;
        Assert.Equal(("deploy", "pending", "api", "web-1", "api"), (
            (string)step["action"]!, (string)step["status"]!, (string)step["service"]!["name"]!, (string)step["server"]!["name"]!, (string)step["containerName"]!));
        await host.Edit(async db => Assert.Equal(
            ["BeginDeployment", "PrepareDeployment"],
            (await db.Outbox.Where(x => x.CorrelationId == Guid.Parse((string)plan["id"]!)).Select(x => x.MessageType).ToListAsync()).Select(x => x.Split('.')[^1]).Order()));

        var listed = (await Api.Get($"{shop.Root}/deployment-plans")).Json!["plans"]!.AsArray().Single()!;
        Assert.Null(listed["steps"]);
        Assert.Equal(1, (int)listed["counts"]!["total"]!);
    }

    [Fact]
    public async Task The_same_key_and_body_answer_with_the_same_plan_whatever_the_order_of_the_keys()
    {
        var shop = await Inventory.WithService(Api);
        (string, string) key = ("Idempotency-Key", Guid.NewGuid().ToString());
        ErrorTests.Says(await Api.Post(shop.DeployPath, new { imageTag = "not a tag" }, key), 400, "VALIDATION_ERROR", "imageTag");
        var first = await Api.Post(shop.DeployPath, new { imageTag = "v1", maxParallel = 3 }, key);
        await SetStatus(first, PlanStatus.Running);
        var again = await Api.Post(shop.DeployPath, new { maxParallel = 3, imageTag = "v1" }, key);

        Assert.Equal((202, first.Headers["Location"], "true"), (again.Status, again.Headers["Location"], again.Headers["Idempotent-Replayed"]));
        Assert.Equal("running", (string)again.Json!["plan"]!["status"]!);
        Assert.False(first.Headers.ContainsKey("Idempotent-Replayed"));
        ErrorTests.Says(await Api.Post(shop.DeployPath, new { imageTag = "v2" }, key), 409, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key");
        ErrorTests.Says(await Api.Post(shop.DeployPath, new { imageTag = "v1" }, ("Idempotency-Key", new string('k', 201))), 400, "VALIDATION_ERROR", "Idempotency-Key");
    }

    [Fact]
    public async Task Of_the_same_request_many_times_at_once_one_starts_and_all_get_its_id()
    {
        var shop = await Inventory.WithService(Api);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Api.Post(shop.DeployPath, new { imageTag = "v1" }, ("Idempotency-Key", "at-once"))));
        Assert.All(answers, answer => Assert.Equal((202, answers[0].Headers["Location"]), (answer.Status, answer.Headers["Location"])));
        Assert.Equal(9, answers.Count(answer => answer.Headers.ContainsKey("Idempotent-Replayed")));
        Assert.Single((await Api.Get($"{shop.Root}/deployment-plans")).Json!["plans"]!.AsArray());
    }

    [Fact]
    public async Task A_poll_answers_304_until_something_changes_and_holds_when_asked_to()
    {
        var shop = await Inventory.WithService(Api);
        var path = (await Api.Post(shop.DeployPath, new { imageTag = "v1" })).Headers["Location"];
        var first = await Api.Get(path);
        Assert.Equal("1", first.Headers["Retry-After"]);
        Assert.Equal(304, (await Api.Get(path, ("If-None-Match", $"\"other\", {first.Headers["ETag"]}"))).Status);

        var held = Api.Get(path, ("Prefer", "wait=60"));
        await SetStatus(first, PlanStatus.Completed);
        var ended = await held.WaitAsync(TimeSpan.FromSeconds(45), TestContext.Current.CancellationToken);
        Assert.Equal(("completed", "wait=60"), ((string)ended.Json!["plan"]!["status"]!, ended.Headers["Preference-Applied"]));
        Assert.False(ended.Headers.ContainsKey("Retry-After"));
        Assert.Equal(200, (await Api.Get(path, ("If-None-Match", first.Headers["ETag"]))).Status);
    }

    [Fact]
    public async Task Only_an_ended_plan_that_was_the_last_on_its_targets_is_taken_back()
    {
        var shop = await Inventory.WithService(Api);
        var answer = await Api.Post(shop.DeployPath, new { imageTag = "v1" });
        var (id, rollback) = (Guid.Parse((string)answer.Json!["plan"]!["id"]!), answer.Headers["Location"] + "/rollback");
        ErrorTests.Says(await Api.Post(rollback), 409, "CONFLICT", null);

        await SetStatus(answer, PlanStatus.Completed);
        ErrorTests.Says(await Api.Post(rollback), 409, "CONFLICT", null);

        var later = Guid.NewGuid();
        await host.Edit(async db =>
        {
            await db.Steps.Where(x => x.PlanId == id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Touched, true).SetProperty(x => x.Status, StepStatus.Success));
            await db.ServiceDeployments.Where(x => x.Id == Guid.Parse(shop.DeploymentId)).ExecuteUpdateAsync(set => set.SetProperty(x => x.LastPlanId, later));
        });
        var refused = await Api.Post(rollback);
        ErrorTests.Says(refused, 409, "CONFLICT", null);
        Assert.Contains(later.ToString(), refused.Text, StringComparison.Ordinal);

        await host.Edit(db => db.ServiceDeployments.Where(x => x.Id == Guid.Parse(shop.DeploymentId)).ExecuteUpdateAsync(set => set.SetProperty(x => x.LastPlanId, id)));
        var accepted = await Api.Post(rollback, null, ("Idempotency-Key", "back"));
        Assert.Equal((202, "queued", "admin"), (accepted.Status, (string)accepted.Json!["plan"]!["status"]!, (string)accepted.Json["plan"]!["rolledBackBy"]!));
        Assert.Equal("true", (await Api.Post(rollback, "{}", ("Idempotency-Key", "back"))).Headers["Idempotent-Replayed"]);
        ErrorTests.Says(await Api.Post(rollback), 409, "CONFLICT", null);
    }

    private Task SetStatus(Answer plan, PlanStatus status)
    {
        var id = Guid.Parse((string)plan.Json!["plan"]!["id"]!);
        return host.Edit(db => db.Plans.Where(x => x.Id == id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, status)));
    }
}
