using System.Text;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Integration.Hub;
using DeployHub.Persistence.Secrets;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace DeployHub.Integration.Api;

/// <summary>What the Api makes of what a worker reads on hosts; the worker is a stand-in with files of its own.</summary>
public sealed class HostReadingTests : IAsyncLifetime
{
    private const string Secret = "s3cret-on-the-host";
    private readonly Hosts _hosts = new();
    private readonly ApiHost _api;

    public HostReadingTests() => _api = new ApiHost
    {
        Beside = services => services.AddSingleton(_hosts).AddMassTransit(bus =>
        {
            bus.AddConsumer<Answers>();
            bus.AddRequestClient<ReadHostFiles>();
            bus.UsingInMemory((context, memory) => memory.ConfigureEndpoints(context));
        }),
    };

    private ApiClient Api => _api.Admin;

    public ValueTask InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_dry_run_shows_what_would_change_and_no_secret()
    {
        var shop = await Inventory.WithService(Api);
        await Api.Create($"{shop.Root}/secrets", new { name = "PASSWORD", value = Secret });
        var (changed, made, same, broken) = (
            await shop.AddAttached(Api, "changed", "a=1\npassword=${PASSWORD}\nb=2\n"), await shop.AddAttached(Api, "made", "${PASSWORD}\n"),
            await shop.AddAttached(Api, "same", "x"), await shop.AddAttached(Api, "broken", "x"));
        _hosts.Put("/opt/changed", $"a=0\npassword=the-former-one\nb=2\n# {Secret}\n");
        _hosts.Put("/opt/same", "x");
        _hosts.Fail("/opt/broken", SyncErrorCodes.PathNotAllowed);

        var answer = await Api.Post("/api/sync/batch?dryRun=true", Files.Batch(changed, made, same, broken));
        Assert.Equal(200, answer.Status);
        Assert.DoesNotContain(Secret, answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("the-former-one", answer.Text, StringComparison.Ordinal);
        var targets = answer.Operations().SelectMany(x => x!["targets"]!.AsArray()).ToList();
        Assert.Equal(["change", "create", "unchanged", "failed"], targets.Select(x => (string)x!["outcome"]!));
        Assert.Contains("-a=0\n-password=•••\n+a=1\n+password=•••\n b=2\n-# •••\n", (string)targets[0]!["diff"]!, StringComparison.Ordinal);
        Assert.Contains("@@ -0,0 +1 @@\n+•••\n", (string)targets[1]!["diff"]!, StringComparison.Ordinal);
        Assert.Null((string?)targets[2]!["diff"]);
        Assert.Equal("path_not_allowed", (string)targets[3]!["error"]!["code"]!);
        Assert.Equal(["ok", "ok", "ok", "failed"], answer.Operations().Select(x => (string)x!["status"]!));
        Assert.Empty((await Api.Get($"{shop.Root}/sync-batches")).Json!["batches"]!.AsArray());
    }

    [Fact]
    public async Task Drift_tells_what_was_changed_on_the_host_from_what_was_changed_here()
    {
        var shop = await Inventory.WithService(Api);
        var ids = new List<string>();
        foreach (var name in new[] { "right", "stale", "edited", "gone", "dark", "never" })
        {
            ids.Add(await shop.AddAttached(Api, name, "one"));
        }

        var batch = (await Api.Post("/api/sync/batch", Files.Batch([.. ids.Take(5)]))).BatchId();
        await _api.Edit(db => db.SyncTargets.Where(x => x.BatchId == batch).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Status, TargetStatus.Written).SetProperty(x => x.CompletedAt, DateTime.UtcNow)));
        foreach (var name in new[] { "right", "stale" })
        {
            _hosts.Put($"/opt/{name}", "one");
        }

        await Api.Patch($"/api/config-files/{ids[1]}", new { content = "two" });
        _hosts.Put("/opt/edited", "by hand");
        _hosts.Fail("/opt/dark", SyncErrorCodes.EngineUnreachable);
        _hosts.Put("/opt/never", "somebody's");

        var drift = (await Api.Get($"{shop.Root}/drift")).Json!["targets"]!.AsArray();
        Assert.Equal(
            [("dark", "unreachable"), ("edited", "changed_on_host"), ("gone", "absent"), ("never", "changed_on_host"), ("right", "in_sync"), ("stale", "out_of_date")],
            drift.Select(x => ((string)x!["configFileName"]!, (string)x["status"]!)));
        Assert.Equal(drift.ToJsonString(), (await Api.Get($"/api/services/{shop.ServiceId}/drift")).Json!["targets"]!.ToJsonString());
        _hosts.Put("/opt/right", "one", mode: 0x180);
        Assert.Equal("changed_on_host", (string)(await Api.Get($"{shop.Root}/drift")).Json!["targets"]![4]!["status"]!);
    }

    /// <summary>Files by path, the same on every server.</summary>
    public sealed class Hosts
    {
        public Dictionary<string, HostFile> Files { get; } = [];

        public void Put(string path, string text, int mode = 0x1A4) => Files[path] = new HostFile(
            path, true, Encoding.UTF8.GetBytes(text), ContentHash.Of(Encoding.UTF8.GetBytes(text)), mode, 0, 0, null);

        public void Fail(string path, string code) => Files[path] = new HostFile(path, false, null, null, null, null, null, new SyncError(code, "It is so."));
    }

    /// <summary>The stand-in for the worker.</summary>
    public sealed class Answers(Hosts hosts, SecretBox box) : IConsumer<ReadHostFiles>
    {
        public Task Consume(ConsumeContext<ReadHostFiles> context) => context.RespondAsync(new HostFilesRead(context.Message.Paths.ConvertAll(path =>
            hosts.Files.TryGetValue(path, out var file)
                ? file with { SealedContent = file.SealedContent is { } bytes && !context.Message.HashesOnly ? box.SealBytes(bytes) : null }
                : new HostFile(path, false, null, null, null, null, null, null))));
    }
}
