using System.Diagnostics;
using System.Text.Json.Nodes;
using DeployHub.Integration.ConfigSync;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Streams;

/// <summary>What is told of real plans and batches, the same in both shapes.</summary>
public abstract class StreamTests(HubFixture fixture)
{
    [Fact]
    public async Task A_plan_is_followed_from_its_acceptance_to_its_rollback_and_its_environment_hears_of_it()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        await shop.AddService("one");
        await shop.AddService("two", new { env = new { BROKEN = "1" } });
        await shop.AddService("three");
        await registry.Push(TestImage.Serving("v1") with { Health = FailsWhereBroken, Command = WritesFirst }, shop.Repository, "v1");
        using var events = await EventReader.Open(shop.Hub.Api, $"/api/environments/{shop.EnvironmentId}/events");

        var id = await shop.Submit(new { imageTag = "v1" });
        var path = $"/api/deployment-plans/{id}";
        using var stream = await EventReader.Open(shop.Hub.Api, $"{path}/stream");
        var waiting = Waited(shop.Hub.Api, path);
        var told = await stream.Rest();
        var since = Stopwatch.StartNew();
        var plan = await waiting;

        // A poll that waits is woken by the end itself, and not by the look that is taken every five seconds.
        Assert.True(since.Elapsed < TimeSpan.FromSeconds(4), $"The poll came {since.Elapsed} after the end.");
        Assert.Equal("rolled_back", (string)plan["status"]!);
        Assert.Equal(Enumerable.Range(1, told.Count).Select(x => (long?)x), told.Select(x => x.Id));
        Assert.Equal("done", told[^1].Name);
        Assert.True(JsonNode.DeepEquals(plan, told[^1].Data), $"{plan}{Environment.NewLine}{told[^1].Text}");
        Assert.Equal(["pending", "running", "rolling_back", "rolled_back"], told.Where(x => x.Name == "plan").Select(x => (string)x.Data["status"]!));
        var steps = plan["steps"]!.AsArray();
        Assert.Equal("pending, running pulling, running replacing, running verifying, success, success restoring, rolled_back", Steps(told, steps[0]!));
        Assert.Equal("pending, running pulling, running replacing, running verifying, failed, failed restoring, failed", Steps(told, steps[1]!));
        Assert.Equal("pending, skipped", Steps(told, steps[2]!));
        foreach (var step in steps)
        {
            Assert.True(JsonNode.DeepEquals(step, told.Last(x => x.Name == "step" && (string)x.Data["id"]! == (string)step!["id"]!).Data), step!.ToString());
        }

        Assert.Contains(told, x => x.Name == "log" && (string)x.Data["source"]! == "pull");
        foreach (var step in steps.Take(2))
        {
            var wrote = told.Where(x => x.Name == "log" && (string)x.Data["source"]! == "container" && (string)x.Data["stepId"]! == (string)step!["id"]!).ToList();
            Assert.Equal(["to error", "to output"], wrote.SelectMany(x => x.Data["lines"]!.AsArray()).Select(x => (string)x!).Order());
            var result = told.First(x => x.Name == "step" && (string)x.Data["id"]! == (string)step!["id"]! && (string)x.Data["status"]! is "success" or "failed");
            Assert.All(wrote, x => Assert.True(x.Id < result.Id, $"{x.Text} came behind {result.Text}"));
        }

        using (var over = await EventReader.Open(shop.Hub.Api, $"{path}/stream", told[^1].Id))
        {
            Assert.Equal(204, over.Status);
        }

        var heard = new List<StreamEvent>();
        while (heard.Count == 0 || !IsEnd(heard[^1]))
        {
            heard.Add((await events.NextEvent())!);
        }

        Assert.Equal(Enumerable.Range(1, heard.Count), heard.Select(x => (int)x.Data["plan"]!["sequence"]!));
        using var again = await EventReader.Open(shop.Hub.Api, $"/api/events?environmentId={shop.EnvironmentId}", heard[0].Id);
        Assert.Equal(heard[1], await again.NextEvent());
    }

    [Fact]
    public async Task A_batch_is_followed_target_by_target()
    {
        var (engine, registry) = await fixture.Servers();
        using var files = new FileShop(await Shop.Open(await fixture.Hub(), engine, registry: registry));
        var host = await files.AddHost("files", engine.Uri.OriginalString);
        var good = await files.Attach(host, "good.conf", new { content = "good" });
        var bad = await files.Attach(host, "no/such/folder/bad.conf", new { content = "bad" });
        var api = files.Shop.Hub.Api;

        var path = $"/api/sync/batch/{await files.Submit(good, bad)}";
        using var stream = await EventReader.Open(api, $"{path}/stream");
        var told = await stream.Rest();

        Assert.Equal(["pending", "running", "rolling_back", "rolled_back"], told.Where(x => x.Name == "plan").Select(x => (string)x.Data["status"]!));
        Assert.Equal(["pending", "running", "written", "restored"], Targets(told, 0));
        Assert.Equal(["pending", "running", "failed"], Targets(told, 1));
        Assert.Equal("done", told[^1].Name);
        Assert.True(JsonNode.DeepEquals((await api.Get(path)).Json, told[^1].Data), told[^1].Text);
    }

    /// <summary>What was told of a step, in order.</summary>
    internal static string Steps(IEnumerable<StreamEvent> told, JsonNode step) => string.Join(
        ", ", told.Where(x => x.Name == "step" && (string)x.Data["id"]! == (string)step["id"]!).Select(x => $"{x.Data["status"]} {x.Data["phase"]}".Trim()));

    private static IEnumerable<string> Targets(IEnumerable<StreamEvent> told, int operation) =>
        told.Where(x => x.Name == "step" && (int)x.Data["operationIndex"]! == operation).Select(x => (string)x.Data["status"]!);

    // As a pipeline does it.
    private static async Task<JsonNode> Waited(ApiClient api, string path)
    {
        while (true)
        {
            var plan = (await api.Get(path, ("Prefer", "wait=60"))).Json!["plan"]!;
            if (plan["completedAt"] is not null)
            {
                return plan;
            }
        }
    }

    private static bool IsEnd(StreamEvent x) => x.Name == "deployhub.deployment.rolled-back";

    private static string[] WritesFirst => ["/bin/busybox", "sh", "-c", "echo to output; echo to error >&2; exec /bin/busybox httpd -f -p 8080 -h /www"];

    private static HealthCheck FailsWhereBroken => new(["/bin/busybox", "sh", "-c", "[ -z \"$BROKEN\" ]"], TimeSpan.FromSeconds(1), Retries: 1);
}

public sealed class StandaloneStreamTests(StandaloneHub fixture) : StreamTests(fixture), IClassFixture<StandaloneHub>;

public sealed class DistributedStreamTests(DistributedHub fixture) : StreamTests(fixture), IClassFixture<DistributedHub>
{
    private const int StepCount = 50;
    private const int Cuts = 10;
    private const int OpenStreams = 500;
    private const int OfEachToken = 100;
    private const long MostBytes = 60 * 1024 * 1024;

    [Fact]
    public async Task A_stream_cut_and_resumed_ten_times_over_two_Apis_tells_each_status_of_fifty_steps_once()
    {
        var (engine, registry) = await fixture.Servers();
        var hub = await fixture.Hub();
        var shop = await Shop.Open(hub, engine, registry: registry);
        for (var i = 0; i < StepCount; i++)
        {
            await shop.AddService($"s{i}");
        }

        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        var (second, other) = await hub.StartFurtherApi();
        using var ofOther = other;
        var id = await shop.Submit(new { imageTag = "v1", maxParallel = 16 });
        var told = new List<StreamEvent>();
        for (var cut = 0; cut <= Cuts; cut++)
        {
            if (cut == Cuts / 2)
            {
                // An Api dies, and so does the connection by which the other one is woken.
                await second.Kill();
                await fixture.Database.Query(DistributedHub.DatabaseName, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'deployhub-streams'");
                (second, var again) = await hub.StartFurtherApi();
                ofOther.Dispose();
                other = again;
            }

            using var stream = await EventReader.Open(cut % 2 == 0 ? hub.Api : other, $"/api/deployment-plans/{id}/stream", told.LastOrDefault()?.Id);
            for (var read = 0; (cut == Cuts || read < 25) && await stream.NextEvent() is { } seen; read++)
            {
                told.Add(seen);
            }
        }

        other.Dispose();
        var plan = await shop.End(id);
        Assert.Equal("completed", (string)plan["status"]!);
        Assert.Equal("done", told[^1].Name);
        Assert.Equal(Enumerable.Range(1, told.Count).Select(x => (long?)x), told.Select(x => x.Id));
        Assert.Equal(StepCount, plan["steps"]!.AsArray().Count);
        Assert.All(plan["steps"]!.AsArray(), step =>
            Assert.Equal("pending, running pulling, running replacing, running verifying, success", Steps(told, step!)));
    }

    [Fact]
    public async Task Five_hundred_open_streams_cost_little_memory_and_no_polls()
    {
        var hub = await fixture.Hub();
        var environments = await hub.Read(async db =>
        {
            var rows = Enumerable.Range(0, OpenStreams).Select(i => new Domain.Environments.DeploymentEnvironment { Id = Guid.CreateVersion7(), Name = $"many-{i}", CreatedAt = DateTime.UtcNow }).ToList();
            db.AddRange(rows);
            await db.SaveChangesAsync();
            return rows.ConvertAll(x => x.Id);
        });
        var tokens = new List<ApiClient>();
        for (var i = 0; i < OpenStreams / OfEachToken; i++)
        {
            tokens.Add(new ApiClient(hub.Api.Address, (string)(await hub.Api.Post("/api/admin/tokens", new { name = $"many-{i}", role = "viewer" })).Json!["secret"]!));
        }

        var before = ResidentBytes(hub.Server.Pid);
        var streams = await Task.WhenAll(environments.Select((id, i) => EventReader.Open(tokens[i / OfEachToken], $"/api/environments/{id}/events")));
        Assert.All(streams, x => Assert.Equal(200, x.Status));
        var refused = await tokens[0].Get($"/api/environments/{environments[0]}/events");
        Assert.Equal((429, "RATE_LIMITED"), (refused.Status, (string)refused.Json!["code"]!));
        Assert.True(refused.Headers.ContainsKey("Retry-After"));

        // Nothing happens, and for as long as that takes to be said nobody asks.
        await Task.WhenAll(streams.Select(x => x.Next()));
        var commits = await Commits();
        var comments = await Task.WhenAll(streams.Select(x => x.Next()));
        var asked = await Commits() - commits;
        var grown = ResidentBytes(hub.Server.Pid) - before;

        Assert.All(comments, x => Assert.Equal(":", x!.Name));
        TestContext.Current.TestOutputHelper?.WriteLine($"{OpenStreams} streams: {grown / 1024 / 1024} MiB more, {asked} transactions of the whole hub in 15 s");
        Assert.True(grown < MostBytes, $"{OpenStreams} streams cost {grown / 1024 / 1024} MiB.");
        Assert.True(asked < OpenStreams, $"In 15 s the hub's processes made {asked} transactions.");
        Array.ForEach(streams, x => x.Dispose());
        tokens.ForEach(x => x.Dispose());
    }

    private async Task<long> Commits() => long.Parse(
        await fixture.Database.Query(DistributedHub.DatabaseName, $"SELECT xact_commit FROM pg_stat_database WHERE datname = '{DistributedHub.DatabaseName}'"),
        System.Globalization.CultureInfo.InvariantCulture);

    private static long ResidentBytes(int pid) => 1024 * long.Parse(
        File.ReadLines($"/proc/{pid}/status").First(x => x.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        System.Globalization.CultureInfo.InvariantCulture);
}
