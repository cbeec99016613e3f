using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.ConfigSync;

/// <summary>The whole way, the same in both shapes: files in over REST, bytes on the host out, or exactly what was there before.</summary>
public abstract class BatchTests(HubFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_writes_what_was_rendered_and_a_batch_that_fails_leaves_the_host_as_it_was()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        var api = shop.Hub.Api;
        using var host = new HostFolder();
        Assert.Equal(200, (await api.Patch($"/api/servers/{shop.ServerId}", new { writableFolders = new[] { host.Path } })).Status);
        await shop.AddService("api");
        var service = (string)(await api.Get($"/api/environments/{shop.EnvironmentId}/services")).Json!["services"]![0]!["id"]!;
        await api.Create($"/api/environments/{shop.EnvironmentId}/secrets", new { name = "PASSWORD", value = "pa$$ word " });
        await File.WriteAllTextAsync(host.At("app.env"), "OLD=1", Ct);
        File.SetUnixFileMode(host.At("app.env"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var env = await Attach("app.env", new { content = "P=${PASSWORD}\nS=${SERVER_NAME}\nL=$${X}" }, host.At("app.env"), new { uid = 1234, gid = 77 });
        var binary = await Attach("logo.bin", new { contentBase64 = Convert.ToBase64String([0, 255, 10, 13, 0]) }, host.At("logo.bin"), new { mode = "0755" });

        var ok = await Batch(env, binary);

        Assert.Equal("ok", (string)ok["status"]!);
        Assert.Equal("P=pa$$ word \nS=web-1\nL=${X}", await File.ReadAllTextAsync(host.At("app.env"), Ct));
        Assert.Equal([0, 255, 10, 13, 0], await File.ReadAllBytesAsync(host.At("logo.bin"), Ct));
        Assert.Equal("600 1234 77", await host.Stat("app.env"));
        Assert.Equal("755 0 0", await host.Stat("logo.bin"));
        var again = await Batch(env, binary);
        Assert.Equal(["unchanged", "unchanged"], again["operations"]!.AsArray().Select(x => (string)x!["targets"]![0]!["status"]!));
        Assert.DoesNotContain("pa$$", ok.ToJsonString() + shop.Hub.Log(), StringComparison.Ordinal);

        // The third file's folder is missing on the host: what the first two wrote returns to what was there.
        Assert.Equal(200, (await api.Patch($"/api/config-files/{env}", new { content = "NEW=1" })).Status);
        File.Delete(host.At("logo.bin"));
        var nowhere = await Attach("third", new { content = "3" }, host.At("missing/third"), new { });
        var failed = await Batch(env, binary, nowhere);

        Assert.Equal("rolled_back", (string)failed["status"]!);
        Assert.Equal("missing_folder", (string)failed["operations"]![2]!["targets"]![0]!["error"]!["code"]!);
        Assert.Equal("P=pa$$ word \nS=web-1\nL=${X}", await File.ReadAllTextAsync(host.At("app.env"), Ct));
        Assert.Equal("600 1234 77", await host.Stat("app.env"));
        Assert.Equal(["app.env"], Directory.GetFileSystemEntries(host.Path).Select(x => Path.GetFileName(x)));
        await Eventually.Equal("", async () => (await engine.Docker("ps", "-aq", "--filter", $"name=deployhub-sync-{((string)failed["batchId"]!).Replace("-", "", StringComparison.Ordinal)[^12..]}")).Trim());

        async Task<string> Attach(string name, object content, string path, object how)
        {
            var file = Merged(content, new { name, filename = name });
            var id = (string)(await api.Create($"/api/environments/{shop.EnvironmentId}/config-files", file))["id"]!;
            await api.Create($"/api/services/{service}/files", Merged(how, new { configFileId = id, targetPath = path }));
            return id;
        }

        async Task<JsonNode> Batch(params string[] files)
        {
            var answer = await api.Post("/api/sync/batch", new { operations = files.Select(id => new { type = "config-file-sync", configFileId = id }) });
            Assert.True(answer.Status == 202, answer.Text);
            return await Eventually.Value(
                async () => (await api.Get(answer.Headers["Location"])).Json!, batch => (string)batch["status"]! is "ok" or "rolled_back" or "failed" or "partial", TimeSpan.FromSeconds(60));
        }
    }

    private static JsonObject Merged(object one, object two)
    {
        var merged = (JsonObject)System.Text.Json.JsonSerializer.SerializeToNode(one)!;
        foreach (var (key, value) in (JsonObject)System.Text.Json.JsonSerializer.SerializeToNode(two)!)
        {
            merged[key] = value?.DeepClone();
        }

        return merged;
    }

    private sealed class HostFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("deployhub-batch-").FullName;

        public string At(string name) => System.IO.Path.Combine(Path, name);

        public async Task<string> Stat(string name) => (await Programs.Run("stat", ["-c", "%a %u %g", At(name)])).Trim();

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}

public sealed class StandaloneBatchTests(StandaloneHub fixture) : BatchTests(fixture), IClassFixture<StandaloneHub>;

public sealed class DistributedBatchTests(DistributedHub fixture) : BatchTests(fixture), IClassFixture<DistributedHub>;
