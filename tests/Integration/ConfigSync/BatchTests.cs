using System.Collections.Concurrent;
using System.Text;
using DeployHub.Integration.Hub;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.ConfigSync;

/// <summary>The whole way, the same in both shapes: files in over REST, bytes on the host out, or exactly what was there before.</summary>
public abstract class BatchTests(HubFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_writes_what_was_rendered_and_a_batch_that_fails_leaves_the_host_as_it_was()
    {
        var (engine, registry) = await fixture.Servers();
        using var files = new FileShop(await Shop.Open(await fixture.Hub(), engine, registry: registry));
        var (shop, api) = (files.Shop, files.Shop.Hub.Api);
        var host = await files.AddHost("host-1", engine.Uri.OriginalString);
        await api.Create($"/api/environments/{shop.EnvironmentId}/secrets", new { name = "PASSWORD", value = "pa$$ word " });
        await host.Folder.Put("app.env", "OLD=1", "440");
        var env = await files.Attach(host, "app.env", new { content = "P=${PASSWORD}\nS=${SERVER_NAME}\nL=$${X}" }, new { uid = 1234, gid = 77 });
        byte[] logo = [0, 255, 10, 13, 0];
        var binary = await files.Attach(host, "logo.bin", new { contentBase64 = Convert.ToBase64String(logo) }, new { mode = "0755" });
        var written = HostFolder.Line("app.env", "P=pa$$ word \nS=host-1\nL=${X}"u8.ToArray(), "600", "1234:77");

        var ok = await files.End(await files.Submit(env, binary));

        Assert.Equal("ok written written", FileShop.Words(ok));
        Assert.Equal(written + HostFolder.Line("logo.bin", logo, "755"), await host.Folder.Look());
        Assert.Equal("ok unchanged unchanged", FileShop.Words(await files.End(await files.Submit(env, binary))));
        Assert.DoesNotContain("pa$$", ok.ToJsonString() + shop.Hub.Log(), StringComparison.Ordinal);

        // The third file's folder is missing on the host: what the first two wrote returns to what was there.
        Assert.Equal(200, (await api.Patch($"/api/config-files/{env}", new { content = "NEW=1" })).Status);
        File.Delete(host.At("logo.bin"));
        var nowhere = await files.Attach(host, "missing/third", new { content = "3" });
        var id = await files.Submit(env, binary, nowhere);

        Assert.Equal("rolled_back restored restored failed:missing_folder", FileShop.Words(await files.End(id)));
        Assert.Equal(written, await host.Folder.Look());
        await Eventually.Equal("", () => FileShop.Helpers(engine, id));
    }

    /// <summary>SIGKILL, at every point between two calls to an engine that matters; all of them at once, in one life of the process.</summary>
    [Fact]
    public async Task Whichever_point_a_worker_is_killed_at_every_file_ends_as_exactly_the_old_or_the_new_one()
    {
        var (engine, registry) = await fixture.Servers();
        var hub = await fixture.Hub();
        using var files = new FileShop(await Shop.Open(hub, engine, registry: registry));
        var points = await Task.WhenAll(KillPoint.All.Select(point => KilledBatch.Begin(files, engine, point)));

        foreach (var killed in points)
        {
            await killed.Stands();
        }

        await hub.KillWorkers();
        foreach (var killed in points)
        {
            await killed.IsOldOrNew();
            killed.EndCalls();
        }

        await hub.Start();
        foreach (var killed in points)
        {
            await killed.EndsAsItMust();
        }

        Guid[] ids = [.. points.Select(x => Guid.Parse(x.BatchId))];
        await Eventually.Equal(
            "0 0 0",
            () => hub.Read(async db =>
                $"{await db.WorkItems.CountAsync(x => ids.Contains(x.PlanId))} {await db.TargetLocks.CountAsync(x => ids.Contains(x.PlanId))} {await db.Outbox.CountAsync(x => ids.Contains(x.CorrelationId))}"),
            TimeSpan.FromSeconds(60));
        foreach (var killed in points)
        {
            killed.Dispose();
        }
    }

    [Fact]
    public async Task A_plan_waits_for_a_batch_at_its_container_and_a_batch_for_a_plan()
    {
        var (engine, registry) = await fixture.Servers();
        using var files = new FileShop(await Shop.Open(await fixture.Hub(), engine, registry: registry));
        var shop = files.Shop;
        using var proxy = new EngineProxy(engine.Uri);
        var host = await files.AddHost("host-1", proxy.Endpoint);
        var file = await files.Attach(host, "conf", new { content = "1" }, new { onChange = "restart" });
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        Assert.Equal("completed", (string)(await shop.Deploy(new { imageTag = "v1" }))["status"]!);

        proxy.Decide = line => line.StartsWith("PUT ", StringComparison.Ordinal) && !proxy.Holding.IsCompleted ? Fate.Held : Fate.Pass;
        var batch = await files.Submit(file);
        await proxy.Holding.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        var plan = await shop.Submit(new { imageTag = "v2" });
        await Eventually.Equal("queued", async () => (string)(await shop.Plan(plan))["status"]!);
        Assert.Equal("running", (string)(await files.Batch(batch))["status"]!);
        proxy.Release();
        Assert.Equal("ok written", FileShop.Words(await files.End(batch)));
        Assert.Equal("completed", (string)(await shop.End(plan))["status"]!);

        using var second = new EngineProxy(engine.Uri);
        Assert.Equal(200, (await shop.Hub.Api.Patch($"/api/servers/{host.ServerId}", new { endpoint = second.Endpoint })).Status);
        Assert.Equal(200, (await shop.Hub.Api.Patch($"/api/config-files/{file}", new { content = "2" })).Status);
        second.Decide = line => line.Contains("/containers/create", StringComparison.Ordinal) && !second.Holding.IsCompleted ? Fate.Held : Fate.Pass;
        plan = await shop.Submit(new { imageTag = "v1" });
        await second.Holding.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        batch = await files.Submit(file);
        await Eventually.Equal("queued", async () => (string)(await files.Batch(batch))["status"]!);
        Assert.Equal("1", await File.ReadAllTextAsync(host.At("conf"), Ct));
        second.Release();
        Assert.Equal("completed", (string)(await shop.End(plan))["status"]!);
        Assert.Equal("ok written", FileShop.Words(await files.End(batch)));
        Assert.Equal("2", await File.ReadAllTextAsync(host.At("conf"), Ct));
    }

    [Fact]
    public async Task A_secret_is_on_the_host_and_in_no_log_line_no_message_and_no_answer()
    {
        var (engine, registry) = await fixture.Servers();
        var hub = await fixture.Hub();
        using var files = new FileShop(await Shop.Open(hub, engine, registry: registry));
        var (api, root) = (hub.Api, $"/api/environments/{files.Shop.EnvironmentId}");
        var host = await files.AddHost("host-1", engine.Uri.OriginalString);
        var (first, second) = ($"s3cret-{Guid.NewGuid():n}", $"s3cret-{Guid.NewGuid():n}");
        var answers = new ConcurrentQueue<Answer>();
        await using var tap = await fixture.Tap();
        api.Listener = answers.Enqueue;
        try
        {
            var secret = (string)(await api.Create($"{root}/secrets", new { name = "PASSWORD", value = first }))["id"]!;
            var env = await files.Attach(host, "app.env", new { content = "A=1\nP=${PASSWORD}\n" });
            var nowhere = await files.Attach(host, "missing/third", new { content = "${PASSWORD}" });
            var nameless = await files.Attach(host, "nameless", new { content = "${PASSWORD} ${NO_SUCH_NAME}" });
            var large = await files.Attach(host, "large", new { content = string.Concat(Enumerable.Repeat("${PASSWORD}", 90_000)) + "${MORE}" });
            await api.Create($"{root}/vars", new { name = "MORE", value = new string('x', 60_000) });
            Assert.Equal("ok written", FileShop.Words(await files.End(await files.Submit(env))));
            Assert.Equal($"A=1\nP={first}\n", await File.ReadAllTextAsync(host.At("app.env"), Ct));
            Assert.Equal(200, (await api.Patch($"/api/secrets/{secret}", new { value = second })).Status);

            // What the host holds is the former secret, which nobody knows as one any more.
            var changed = await api.Post($"/api/config-files/{env}/sync?dryRun=true");
            Assert.Contains("P=", changed.Text, StringComparison.Ordinal);
            foreach (var path in new[] { $"{root}/drift", $"/api/services/{host.ServiceId}/drift" })
            {
                Assert.Contains("out_of_date", (await api.Get(path)).Text, StringComparison.Ordinal);
            }

            Assert.Equal("rolled_back restored failed:missing_folder", FileShop.Words(await files.End(await files.Submit(env, nowhere))));
            Assert.Equal("failed", FileShop.Words(await files.End(await files.Submit(nameless))));
            Assert.Equal("failed skipped", FileShop.Words(await files.End(await files.Submit(nameless, env))));
            Assert.StartsWith("ok", FileShop.Words(await files.End(await files.Submit(env, large))), StringComparison.Ordinal);
            Assert.Equal($"A=1\nP={second}\n", await File.ReadAllTextAsync(host.At("app.env"), Ct));
            Assert.Equal(400, (await api.Post($"{root}/secrets", new { name = "OTHER", value = first, secret = true })).Status);
            string[] seen = [$"{root}/secrets", $"{root}/vars", $"{root}/config-files", $"{root}/sync-batches", $"/api/config-files/{env}", $"/api/config-files/{env}/history", "/api/audit-logs"];
            foreach (var path in seen)
            {
                await api.Get(path);
            }
        }
        finally
        {
            api.Listener = null;
        }

        var all = new Dictionary<string, string>
        {
            ["the log"] = hub.WholeLog(),
            ["an answer"] = string.Join('\n', answers.Select(x => $"{x.Text} {string.Join(' ', x.Headers)}")),
            ["a message"] = tap is null ? "" : await Eventually.Value(() => Task.FromResult(tap.Heard), heard => heard.Contains(":SyncBatchRolledBack", StringComparison.Ordinal)),
        };
        Assert.Contains("PASSWORD", all["an answer"], StringComparison.Ordinal);
        Assert.Contains("DeployHub", all["the log"], StringComparison.Ordinal);
        foreach (var (place, text) in all)
        {
            Assert.All(Forms(first).Concat(Forms(second)), form => Assert.False(text.Contains(form, StringComparison.OrdinalIgnoreCase), $"{place} has the secret, as «{form}»."));
        }
    }

    // As it is, in hexadecimal, and in base64 wherever in a text it begins.
    private static IEnumerable<string> Forms(string secret)
    {
        var bytes = Encoding.UTF8.GetBytes(secret);
        return [secret, Convert.ToHexString(bytes), .. Enumerable.Range(0, 3).Select(offset => Convert.ToBase64String([.. new byte[offset], .. bytes])[4..^4])];
    }
}

public sealed class StandaloneBatchTests(StandaloneHub fixture) : BatchTests(fixture), IClassFixture<StandaloneHub>;

public sealed class DistributedBatchTests(DistributedHub fixture) : BatchTests(fixture), IClassFixture<DistributedHub>;
