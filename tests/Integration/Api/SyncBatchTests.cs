using System.Security.Cryptography;
using System.Text;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.Deployments;
using DeployHub.Integration.Hub;
using DeployHub.Persistence.Secrets;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class SyncBatchTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Path = "/api/sync/batch";
    private const string Unknown = "01a20040-3c8c-7573-ac37-33474eb3b44e";

    private ApiClient Api => host.Admin;

    [Theory]
    [InlineData("{}", "operations")]
    [InlineData("{\"operations\":[]}", "operations")]
    [InlineData("{\"operations\":null}", "operations")]
    [InlineData("{\"operations\":{}}", "operations")]
    [InlineData("{\"operations\":[null]}", "operations[0]")]
    [InlineData("{\"operations\":[{\"configFileId\":\"x\"}]}", "operations[0].type")]
    [InlineData("{\"operations\":[{\"type\":\"reboot\",\"configFileId\":\"x\"}]}", "operations[0].type")]
    [InlineData("{\"operations\":[{\"type\":\"config-file-sync\"}]}", "operations[0].configFileId")]
    [InlineData("{\"operations\":[{\"type\":\"config-file-sync\",\"configFileId\":\"\"}]}", "operations[0].configFileId")]
    [InlineData("{\"operations\":[{\"type\":\"config-file-sync\",\"configFileId\":7}]}", "operations[0].configFileId")]
    [InlineData("{\"operations\":[{\"type\":\"config-file-sync\",\"configFileId\":\"example\"}]}", "operations[0].configFileId")]
    [InlineData("{\"operations\":[{\"type\":\"config-file-sync\",\"configFileId\":\"" + Unknown + "\"}]}", "operations[0].configFileId")]
    [InlineData("{\"operations\":[{\"type\":\"config-file-sync\",\"configFileId\":\"x\",\"force\":true}]}", "operations[0].force")]
    [InlineData("{\"operations\":[{\"type\":\"config-file-sync\",\"configFileId\":\"x\"}],\"rollbackOnFailure\":\"no\"}", "rollbackOnFailure")]
    [InlineData("{\"operations\":[{\"type\":\"config-file-sync\",\"configFileId\":\"x\"}],\"rollback\":true}", "rollback")]
    public async Task A_batch_that_cannot_be_is_a_400_that_names_the_field(string body, string field) =>
        ErrorTests.Says(await Api.Post(Path, body), 400, "VALIDATION_ERROR", field);

    [Fact]
    public async Task Fifty_one_twice_the_same_unknown_and_of_another_environment_are_refused_by_place()
    {
        var (shop, other) = (await Inventory.WithService(Api), await Inventory.WithService(Api));
        var (file, second, foreign) = (await shop.AddAttached(Api, "a", "1"), await shop.AddAttached(Api, "b", "2"), await other.AddAttached(Api, "a", "1"));
        ErrorTests.Says(await Api.Post(Path, Files.Batch([.. Enumerable.Repeat(file, 51)])), 400, "VALIDATION_ERROR", "operations");
        ErrorTests.Says(await Api.Post(Path, Files.Batch(file, second, file.ToUpperInvariant())), 400, "VALIDATION_ERROR", "operations[2].configFileId");
        ErrorTests.Says(await Api.Post(Path, Files.Batch(file, Unknown)), 400, "VALIDATION_ERROR", "operations[1].configFileId");
        ErrorTests.Says(await Api.Post(Path, Files.Batch(file, foreign)), 400, "VALIDATION_ERROR", "operations[1].configFileId");
        ErrorTests.Says(await Api.Post(Path, Files.Batch(file), ("Idempotency-Key", new string('k', 201))), 400, "VALIDATION_ERROR", "Idempotency-Key");
        Assert.Empty((await Api.Get($"{shop.Root}/sync-batches")).Json!["batches"]!.AsArray());
        ErrorTests.Says(await Api.Get($"{Path}/{Unknown}"), 404, "NOT_FOUND", null);
        ErrorTests.Says(await Api.Post($"/api/config-files/{Unknown}/sync"), 404, "NOT_FOUND", null);
    }

    [Fact]
    public async Task A_viewer_may_look_and_not_sync()
    {
        var shop = await Inventory.WithService(Api);
        var file = await shop.AddAttached(Api, "a", "1");
        var token = (string)(await Api.Post("/api/admin/tokens", new { name = $"viewer-{Guid.NewGuid():n}", role = "viewer" })).Json!["secret"]!;
        using var viewer = host.As(token);
        ErrorTests.Says(await viewer.Post(Path, Files.Batch(file)), 403, "FORBIDDEN_ROLE", null);
        ErrorTests.Says(await viewer.Post($"/api/config-files/{file}/sync?dryRun=true"), 403, "FORBIDDEN_ROLE", null);
        Assert.Equal(200, (await viewer.Get($"/api/config-files/{file}")).Status);
    }

    [Fact]
    public async Task What_is_accepted_is_a_batch_with_its_targets_rendered_and_sealed()
    {
        var shop = await Inventory.WithService(Api);
        var early = Inventory.Id(await Api.Create($"{shop.Root}/servers", new { name = "app-1", endpoint = "tcp://10.0.0.9:2375" }));
        await Api.Create($"/api/services/{shop.ServiceId}/deployments", new { serverId = early, containerName = "api-2" });
        await Api.Create($"{shop.Root}/secrets", new { name = "PASSWORD", value = "s3cret-of-the-batch" });
        await Api.Create($"{shop.Root}/vars", new { name = "LEVEL", value = "info " });
        var app = await shop.AddAttached(Api, "app.env", "P=${PASSWORD}\r\nL=${LEVEL}\nC=${CONTAINER_NAME}@${SERVER_NAME} $${LEVEL}");
        var plain = await shop.AddFile(Api, "plain", "x");
        await Api.Create($"/api/services/{shop.ServiceId}/files", new { configFileId = plain, targetPath = "/opt/plain", mode = "0640", uid = 5, gid = 6, onChange = "restart" });
        await Api.Create($"/api/services/{shop.ServiceId}/files", new { configFileId = plain, targetPath = "/opt/own", serviceDeploymentId = shop.DeploymentId });

        var answer = await Api.Post(Path, Files.Batch(app, plain));
        Assert.Equal((202, $"{Path}/{answer.BatchId()}", "1", "pending"), (answer.Status, answer.Headers["Location"], answer.Headers["Retry-After"], (string)answer.Json!["status"]!));
        Assert.Equal([(0, "pending"), (1, "pending")], answer.Operations().Select(x => ((int)x!["index"]!, (string)x["status"]!)));
        Assert.All(answer.Operations(), x => Assert.False(x!.AsObject().ContainsKey("error")));
        Assert.Equal(
            [("app-1", "/opt/app.env", "0600", 0), ("web-1", "/opt/app.env", "0600", 0), ("app-1", "/opt/plain", "0640", 5), ("web-1", "/opt/own", "0644", 0)],
            answer.Operations().SelectMany(x => x!["targets"]!.AsArray()).Select(
                x => ((string)x!["server"]!["name"]!, (string)x["path"]!, (string)x["mode"]!, (int)x["uid"]!)));

        var id = answer.BatchId();
        var box = host.App.Services.GetRequiredService<SecretBox>();
        await host.Edit(async db =>
        {
            var targets = await db.SyncTargets.Where(x => x.BatchId == id).OrderBy(x => x.Order).ToListAsync();
            Assert.Equal([0, 1, 2, 3], targets.Select(x => x.Order));
            var wanted = "P=s3cret-of-the-batch\r\nL=info \nC=api-2@app-1 ${LEVEL}"u8.ToArray();
            Assert.Equal(wanted, box.OpenBytes(targets[0].Content));
            Assert.Equal("sha256:" + Convert.ToHexStringLower(SHA256.HashData(wanted)), targets[0].ToHash);
            Assert.Equal(
                new[]
                {
                    $"server:{early}/container/api-2", $"server:{early}/file//opt/app.env", $"server:{early}/file//opt/plain",
                    $"server:{shop.ServerId}/file//opt/app.env", $"server:{shop.ServerId}/file//opt/own",
                }.Order(StringComparer.Ordinal),
                (await db.TargetLocks.Where(x => x.PlanId == id).Select(x => x.Key).ToListAsync()).Order(StringComparer.Ordinal));
            Assert.True(await db.WorkItems.AnyAsync(x => x.SubjectId == id && x.Act == StepAct.SyncPrepare));
            Assert.Equal(
                ["BeginSyncBatch", "PrepareSyncBatch"],
                (await db.Outbox.Where(x => x.CorrelationId == id).Select(x => x.MessageType).ToListAsync()).Select(x => x.Split('.')[^1]).Order());
            Assert.True(await db.AuditEntries.AnyAsync(x => x.TargetId == id && x.Action == "sync_batch.accept"));
        });
        Assert.DoesNotContain("s3cret-of-the-batch", (await Api.Get(answer.Headers["Location"])).Text, StringComparison.Ordinal);
        Assert.False(await DatabaseHolds("s3cret-of-the-batch"), "The secret lies readable in the database.");
        Assert.True(await DatabaseHolds("app.env"), "The files that were searched are not the database.");
        Assert.Equal(202, (await Api.Post($"/api/config-files/{plain}/sync")).Status);
        var listed = (await Api.Get($"{shop.Root}/sync-batches?limit=1")).Json!;
        Assert.NotNull((string?)listed["nextCursor"]);
        Assert.Null(listed["batches"]![0]!["operations"]);
    }

    [Fact]
    public async Task What_cannot_be_rendered_or_goes_nowhere_has_failed_before_anything_is_written()
    {
        var shop = await Inventory.WithService(Api);
        var (loose, missing, good) = (await shop.AddFile(Api, "loose", "1"), await shop.AddAttached(Api, "missing", "${NO} ${NOR} ${NO}"), await shop.AddAttached(Api, "good", "1"));
        var answer = await Api.Post(Path, Files.Batch(loose, missing, good));
        Assert.Equal(
            [("failed", "no_targets"), ("failed", "missing_value"), ("pending", null)],
            answer.Operations().Select(x => ((string)x!["status"]!, (string?)x["error"]?["code"])));
        Assert.Contains("NO, NOR", (string)answer.Operations()[1]!["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal([0, 0, 1], answer.Operations().Select(x => x!["targets"]!.AsArray().Count));
    }

    [Fact]
    public async Task Two_that_would_write_different_things_to_one_path_cannot_both_be_and_the_same_is_one()
    {
        var shop = await Inventory.WithService(Api);
        var other = await shop.AddService("other");
        await Api.Create($"/api/services/{other}/deployments", new { serverId = shop.ServerId });
        var (first, same, differs) = (await shop.AddAttached(Api, "first", "1", "/opt/x"), await shop.AddFile(Api, "same", "1"), await shop.AddFile(Api, "differs", "2"));
        await Api.Create($"/api/services/{other}/files", new { configFileId = same, targetPath = "/opt/x", onChange = "restart" });
        var third = await shop.AddService("third");
        await Api.Create($"/api/services/{third}/deployments", new { serverId = shop.ServerId });
        await Api.Create($"/api/services/{third}/files", new { configFileId = differs, targetPath = "/opt/x" });

        var answer = await Api.Post(Path, Files.Batch(first, differs, same));
        Assert.Equal(["pending", "failed", "pending"], answer.Operations().Select(x => (string)x!["status"]!));
        Assert.Equal("duplicate_target", (string)answer.Operations()[1]!["error"]!["code"]!);
        var target = Assert.Single(answer.Operations().SelectMany(x => x!["targets"]!.AsArray()))!;
        Assert.Equal(("restart", "other"), ((string)target["onChange"]!, (string)target["containerName"]!));
    }

    [Fact]
    public async Task A_thousand_targets_are_one_batch_and_one_more_is_none()
    {
        var shop = await Inventory.WithService(Api);
        var file = await shop.AddAttached(Api, "a", "1");
        await Attach(shop, file, 1000);
        await Refused("1001", file);

        await host.Edit(db => db.ConfigAttachments.Where(x => x.ServiceId == Guid.Parse(shop.ServiceId) && x.TargetPath == "/opt/a").ExecuteDeleteAsync());
        var accepted = await Api.Post(Path, Files.Batch(file));
        Assert.Equal((202, 1000), (accepted.Status, accepted.Operations()[0]!["targets"]!.AsArray().Count));

        // What would be too many to hold in memory is refused just so.
        await Api.Create($"{shop.Root}/vars", new { name = "LONG", value = new string('x', 64 << 10) });
        Assert.Equal(200, (await Api.Patch($"/api/config-files/{file}", new { content = string.Concat(Enumerable.Repeat("${LONG}", 64)) })).Status);
        await Refused("64 MiB", file);
    }

    [Fact]
    public async Task Sixty_four_MiB_are_one_batch_and_more_are_none_and_a_file_of_more_than_four_fails()
    {
        var shop = await Inventory.WithService(Api);
        await Api.Create($"{shop.Root}/vars", new { name = "LONG", value = new string('x', 64 << 10) });
        var four = string.Concat(Enumerable.Repeat("${LONG}", 64));
        var (large, small, over) = (await shop.AddAttached(Api, "large", four), await shop.AddAttached(Api, "small", "1"), await shop.AddAttached(Api, "over", four + "1"));
        await Attach(shop, large, 15);

        await Refused("64 MiB", large, small);
        Assert.Equal(202, (await Api.Post(Path, Files.Batch(large))).Status);
        var failed = await Api.Post(Path, Files.Batch(small, over));
        Assert.Equal([("pending", null), ("failed", "too_large")], failed.Operations().Select(x => ((string)x!["status"]!, (string?)x["error"]?["code"])));
    }

    [Fact]
    public async Task The_same_key_answers_with_the_same_batch_as_it_is_now()
    {
        var shop = await Inventory.WithService(Api);
        var file = await shop.AddAttached(Api, "a", "1");
        (string, string) key = ("Idempotency-Key", Guid.NewGuid().ToString());
        ErrorTests.Says(await Api.Post(Path, Files.Batch(Unknown), key), 400, "VALIDATION_ERROR", "operations[0].configFileId");
        var first = await Api.Post(Path, Files.Batch(file), key);
        Assert.False(first.Headers.ContainsKey("Idempotent-Replayed"));
        await SetStatus(first, BatchStatus.RolledBack);
        var again = await Api.Post(Path, $$"""{"rollbackOnFailure":true,"operations":[{"configFileId":"{{file}}","type":"config-file-sync"}]}""", key);
        Assert.Equal((202, first.Headers["Location"], "true", "rolled_back"), (
            again.Status, again.Headers["Location"], again.Headers["Idempotent-Replayed"], (string)again.Json!["status"]!));
        ErrorTests.Says(await Api.Post(Path, new { operations = new[] { new { type = "config-file-sync", configFileId = file } }, rollbackOnFailure = false }, key), 409, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key");
        ErrorTests.Says(await Api.Post($"/api/config-files/{file}/sync", null, key), 409, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Api.Post(Path, Files.Batch(file), ("Idempotency-Key", $"at-once-{file}"))));
        Assert.Single(answers.Select(answer => answer.BatchId()).Distinct());
        Assert.Equal(7, answers.Count(answer => answer.Headers.ContainsKey("Idempotent-Replayed")));
    }

    [Fact]
    public async Task An_answer_is_held_until_the_end_when_asked_to()
    {
        var shop = await Inventory.WithService(Api);
        var file = await shop.AddAttached(Api, "a", "1");
        (string, string) key = ("Idempotency-Key", Guid.NewGuid().ToString());
        var late = await Api.Post(Path, Files.Batch(file), key, ("Prefer", "wait=1"));
        Assert.Equal((202, "wait=1"), (late.Status, late.Headers["Preference-Applied"]));

        var held = Api.Post(Path, Files.Batch(file), key, ("Prefer", "wait=60"));
        await SetStatus(late, BatchStatus.Ok);
        var ended = await held.WaitAsync(TimeSpan.FromSeconds(45), TestContext.Current.CancellationToken);
        Assert.Equal((200, "ok", late.Headers["Location"]), (ended.Status, (string)ended.Json!["status"]!, ended.Headers["Location"]));
        var poll = await Api.Get(late.Headers["Location"]);
        Assert.Equal(304, (await Api.Get(late.Headers["Location"], ("If-None-Match", poll.Headers["ETag"]))).Status);
    }

    [Fact]
    public async Task Hosts_cannot_be_read_without_a_worker_and_a_dry_run_stores_nothing()
    {
        var shop = await Inventory.WithService(Api);
        var file = await shop.AddAttached(Api, "a", "1");
        ErrorTests.Says(await Api.Post($"{Path}?dryRun=true", Files.Batch(file)), 503, "SERVICE_UNAVAILABLE", null);
        ErrorTests.Says(await Api.Post(Path, Files.Batch(file), ("X-Dry-Run", "true")), 503, "SERVICE_UNAVAILABLE", null);
        ErrorTests.Says(await Api.Post($"{Path}?dryRun=yes", Files.Batch(file)), 400, "VALIDATION_ERROR", "dryRun");
        ErrorTests.Says(await Api.Get($"{shop.Root}/drift"), 503, "SERVICE_UNAVAILABLE", null);
        ErrorTests.Says(await Api.Get($"/api/services/{shop.ServiceId}/drift"), 503, "SERVICE_UNAVAILABLE", null);
        Assert.Empty((await Api.Get($"{shop.Root}/sync-batches")).Json!["batches"]!.AsArray());

        // What needs no host is answered without one.
        var loose = await shop.AddFile(Api, "loose", "1");
        var looked = await Api.Post($"/api/config-files/{loose}/sync?dryRun=true");
        Assert.Equal((200, "failed", "no_targets"), (looked.Status, (string)looked.Operations()[0]!["status"]!, (string)looked.Operations()[0]!["error"]!["code"]!));
    }

    [Fact]
    public async Task A_batch_under_way_keeps_its_server_where_it_is()
    {
        var shop = await Inventory.WithService(Api);
        var file = await shop.AddAttached(Api, "a", "1");
        var batch = await Api.Post(Path, Files.Batch(file));
        var refused = await Api.Patch($"/api/servers/{shop.ServerId}", new { endpoint = "tcp://10.0.0.2:2375" });
        ErrorTests.Says(refused, 409, "CONFLICT", null);
        Assert.Contains(batch.BatchId().ToString(), refused.Text, StringComparison.Ordinal);
        await SetStatus(batch, BatchStatus.Ok);
        Assert.Equal(200, (await Api.Patch($"/api/servers/{shop.ServerId}", new { endpoint = "tcp://10.0.0.2:2375" })).Status);
    }

    private async Task Refused(string why, params string[] files)
    {
        var answer = await Api.Post(Path, Files.Batch(files));
        ErrorTests.Says(answer, 400, "VALIDATION_ERROR", "operations");
        Assert.Contains(why, answer.Text, StringComparison.Ordinal);
    }

    // So many more places for a file, without a request for each.
    private Task Attach(Inventory shop, string file, int count) => host.Edit(db =>
    {
        db.ConfigAttachments.AddRange(Enumerable.Range(0, count).Select(i => new ConfigAttachment
        {
            Id = Guid.CreateVersion7(), ConfigFileId = Guid.Parse(file), ServiceId = Guid.Parse(shop.ServiceId), TargetPath = $"/opt/more/{i}", Mode = 0b110_100_100,
            CreatedAt = DateTime.UtcNow, UpdatedAt = DateTime.UtcNow,
        }));
        return Task.CompletedTask;
    });

    private Task SetStatus(Answer batch, BatchStatus status)
    {
        var id = batch.BatchId();
        return host.Edit(db => db.SyncBatches.Where(x => x.Id == id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, status)));
    }

    // The bytes on the disk, the write-ahead log among them.
    private async Task<bool> DatabaseHolds(string text)
    {
        var file = host.DatabaseFile;
        foreach (var path in Directory.GetFiles(System.IO.Path.GetDirectoryName(file)!, System.IO.Path.GetFileName(file) + "*"))
        {
            await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes);
            if (bytes.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0)
            {
                return true;
            }
        }

        return false;
    }
}
