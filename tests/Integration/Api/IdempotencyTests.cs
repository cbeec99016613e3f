using DeployHub.Contracts.Deployments;
using DeployHub.Integration.Hub;
using DeployHub.Persistence.Messaging;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace DeployHub.Integration.Api;

/// <summary>Every POST under a key: sent again it is not done again, and answers with what it made, as it is now.</summary>
public sealed class IdempotencyTests(ApiHost host) : IClassFixture<ApiHost>
{
    private ApiClient Api => host.Admin;

    public static TheoryData<string> Posts =>
        ["environment", "server", "registry", "image", "digest", "service", "deployment", "file", "restore", "attachment", "var", "secret", "token", "resend", "cancel", "retry", "batch cancel", "batch retry"];

    [Theory]
    [MemberData(nameof(Posts))]
    public async Task A_request_that_is_sent_again_is_not_done_again(string what)
    {
        var (path, body, other) = await Request(what);
        var key = ("Idempotency-Key", $"{what}-{Guid.NewGuid()}");

        var first = await Api.Post(path, body, key);
        var audited = await Audited();
        var again = await Api.Post(path, body, key);

        Assert.True(first.Status is 200 or 201 or 202, first.Text);
        Assert.False(first.Headers.ContainsKey("Idempotent-Replayed"));
        Assert.Equal((first.Status, "true"), (again.Status, again.Headers["Idempotent-Replayed"]));
        Assert.Equal(first.Headers.GetValueOrDefault("Location"), again.Headers.GetValueOrDefault("Location"));
        Assert.Equal(Id(first), Id(again));
        Assert.Equal(audited, await Audited());
        if (other is not null)
        {
            ErrorTests.Says(await Api.Post(path, other, key), 409, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key");
        }

        ErrorTests.Says(await Api.Post("/api/environments", new { name = $"other-{Guid.NewGuid():n}" }, key), 409, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key");
        ErrorTests.Says(await Api.Post(path, body, ("Idempotency-Key", new string('k', 201))), 400, "VALIDATION_ERROR", "Idempotency-Key");
    }

    [Fact]
    public async Task Of_the_same_request_many_times_at_once_one_is_done_although_names_are_unique()
    {
        var name = $"env-{Guid.NewGuid():n}";
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Api.Post("/api/environments", new { name }, ("Idempotency-Key", name))));

        Assert.All(answers, x => Assert.Equal((201, Id(answers[0])), (x.Status, Id(x))));
        Assert.Equal(9, answers.Count(x => x.Headers.ContainsKey("Idempotent-Replayed")));
    }

    [Fact]
    public async Task What_is_answered_again_is_as_it_is_now_and_gone_when_it_is_gone()
    {
        var (name, key) = ($"env-{Guid.NewGuid():n}", ("Idempotency-Key", Guid.NewGuid().ToString()));
        ErrorTests.Says(await Api.Post("/api/environments", new { name = "" }, key), 400, "VALIDATION_ERROR", "name");
        var made = await Api.Post("/api/environments", new { name }, key);
        Assert.Equal(200, (await Api.Patch(made.Headers["Location"], new { name = name + "-2" })).Status);
        Assert.Equal(name + "-2", (string)(await Api.Post("/api/environments", new { name }, key)).Json!["environment"]!["name"]!);

        Assert.Equal(204, (await Api.Delete(made.Headers["Location"])).Status);
        ErrorTests.Says(await Api.Post("/api/environments", new { name }, key), 404, "NOT_FOUND", "Idempotency-Key");
    }

    [Fact]
    public async Task A_tokens_secret_is_told_once_and_no_secret_lies_in_the_kept_hash()
    {
        var (name, key) = ($"ci-{Guid.NewGuid():n}", ("Idempotency-Key", Guid.NewGuid().ToString()));
        Assert.StartsWith("dhub_", (string)(await Api.Post("/api/admin/tokens", new { name, role = "viewer" }, key)).Json!["secret"]!, StringComparison.Ordinal);
        Assert.Null((await Api.Post("/api/admin/tokens", new { name, role = "viewer" }, key)).Json!["secret"]);
    }

    private async Task<(string Path, object? Body, object? Other)> Request(string what)
    {
        var shop = await Inventory.WithService(Api);
        var name = $"x-{Guid.NewGuid():n}";
        switch (what)
        {
            case "environment": return ("/api/environments", new { name }, new { name = name + "2" });
            case "server": return ($"{shop.Root}/servers", new { name, endpoint = "tcp://10.0.0.1:2375" }, new { name, endpoint = "tcp://10.0.0.2:2375" });
            case "registry":
                return ($"{shop.Root}/registries", new { name, registryUrl = "r.example.com", username = "u", password = "p1" }, new { name, registryUrl = "r.example.com", username = "u", password = "p2" });
            case "image": return ($"{shop.Root}/container-images", new { name, imageName = "r.example.com/x" }, new { name, imageName = "r.example.com/y" });
            case "digest":
                return ($"/api/container-images/{shop.ImageId}/digests", new { manifestDigest = "sha256:" + new string('a', 64) }, new { manifestDigest = "sha256:" + new string('b', 64) });
            case "service": return ($"{shop.Root}/services", new { name, containerImageId = shop.ImageId }, new { name = name + "2", containerImageId = shop.ImageId });
            case "deployment":
                return ($"/api/services/{await shop.AddService(name)}/deployments", new { serverId = shop.ServerId }, new { serverId = shop.ServerId, containerName = "other" });
            case "file": return ($"{shop.Root}/config-files", new { name, filename = "a", content = "1" }, new { name, filename = "a", content = "2" });
            case "restore":
                var file = await shop.AddFile(Api, name, "1");
                await Api.Patch($"/api/config-files/{file}", new { content = "2" });
                var versions = (await Api.Get($"/api/config-files/{file}/history")).Json!["versions"]!.AsArray();
                return ($"/api/config-files/{file}/restore/{versions.First(x => (int)x!["version"]! == 1)!["versionId"]}", null, null);
            case "attachment":
                var attached = await shop.AddFile(Api, name, "1");
                return ($"/api/services/{shop.ServiceId}/files", new { configFileId = attached, targetPath = "/opt/a" }, new { configFileId = attached, targetPath = "/opt/b" });
            case "var": return ($"{shop.Root}/vars", new { name = "LEVEL", value = "info" }, new { name = "LEVEL", value = "debug" });
            case "secret": return ($"{shop.Root}/secrets", new { name = "PASSWORD", value = "one" }, new { name = "PASSWORD", value = "two" });
            case "token": return ("/api/admin/tokens", new { name, role = "viewer" }, new { name, role = "admin" });
            case "resend":
                var letter = new DeadLetter { Id = Guid.CreateVersion7(), Queue = "nobody", MessageType = typeof(DeploymentNudged).FullName, Body = $"{{\"planId\":\"{Guid.NewGuid()}\"}}", Reason = "test", FailedAt = DateTime.UtcNow };
                await host.Edit(async db =>
                {
                    db.DeadLetters.Add(letter);
                    await db.SaveChangesAsync();
                });
                return ($"/api/dead-letters/{letter.Id}/resend", null, null);
            case "cancel": return ($"/api/deployment-plans/{await Plan(shop, PlanStatus.Running)}/cancel", new { rollback = true }, new { rollback = false });
            case "retry": return ($"/api/deployment-plans/{await Plan(shop, PlanStatus.Failed)}/retry", null, null);
            default:
                var batch = (await Api.Post("/api/sync/batch", Files.Batch(await shop.AddAttached(Api, name, "1")))).BatchId();
                if (what == "batch retry")
                {
                    await host.Edit(async db =>
                    {
                        await db.TargetLocks.Where(x => x.PlanId == batch).ExecuteDeleteAsync();
                        await db.SyncBatches.Where(x => x.Id == batch).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, DeployHub.Contracts.ConfigSync.BatchStatus.Failed));
                        await db.SyncTargets.Where(x => x.BatchId == batch).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, DeployHub.Contracts.ConfigSync.TargetStatus.Failed));
                    });
                    return ($"/api/sync/batch/{batch}/retry", null, null);
                }

                return ($"/api/sync/batch/{batch}/cancel", new { rollback = true }, new { rollback = false });
        }
    }

    private async Task<Guid> Plan(Inventory shop, PlanStatus status)
    {
        var id = Guid.Parse((string)(await Api.Post(shop.DeployPath, new { imageTag = "v1" })).Json!["plan"]!["id"]!);
        await host.Edit(async db =>
        {
            await db.TargetLocks.Where(x => x.PlanId == id).ExecuteDeleteAsync();
            await db.Plans.Where(x => x.Id == id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, status));
        });
        return id;
    }

    private async Task<int> Audited()
    {
        var count = 0;
        await host.Edit(async db => count = await db.AuditEntries.CountAsync());
        return count;
    }

    private static string Id(Answer answer)
    {
        var json = answer.Json!.AsObject();
        return (string?)json["batchId"] ?? (string)json.First().Value!["id"]!;
    }
}
