using DeployHub.Contracts.ConfigSync;
using DeployHub.Integration.ConfigSync;
using DeployHub.Integration.Hub;
using DeployHub.Persistence.Messaging;
using DeployHub.Servers;

namespace DeployHub.Integration.Messaging;

/// <summary>Batches that end in every way there is, on one host.</summary>
public sealed class MixedBatches(RunningHub hub, DockerEngine engine, Registry registry) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Dictionary<string, string> _ends = [];
    private readonly List<EngineProxy> _proxies = [];
    private FileShop _files = null!;
    private FileHost _host = null!;
    private int _values;

    /// <summary>Checks how each batch ends.</summary>
    public async Task Run()
    {
        _files = new FileShop(await Shop.Open(hub, engine, registry: registry));
        _host = await _files.AddHost("host-1", engine.Uri.OriginalString);
        var file = await _files.Attach(_host, "a", new { content = "1" });
        await Ends(await _files.Submit(file), "ok");
        Assert.Contains("in_sync", (await hub.Api.Get($"/api/services/{_host.ServiceId}/drift")).Text, StringComparison.Ordinal);

        Directory.CreateDirectory(_host.At("folder"));
        var noFile = await _files.Attach(_host, "folder", new { content = "2" });
        await Change(file);
        await Ends(await _files.Submit(file, noFile), "rolled_back");
        await CannotComeBackAtFirst(file, noFile);
        await WaitForEachOther(file);
        await RunOutOfTime(file);

        var away = await _files.AddHost("host-2", "tcp://127.0.0.1:1");
        await Ends(await _files.Submit(await _files.Attach(away, "b", new { content = "3" })), "failed");
    }

    /// <summary>Each batch ends, and stays, as it was to.</summary>
    public async Task StandAsTheyEnded()
    {
        foreach (var (id, status) in _ends)
        {
            Assert.Equal((id, status), (id, (string)(await _files.Batch(id))["status"]!));
        }
    }

    public void Dispose()
    {
        _files?.Dispose();
        _proxies.ForEach(proxy => proxy.Dispose());
    }

    private async Task Ends(string id, string status)
    {
        _ends[id] = status;
        await Eventually.Equal(status, async () => (string)(await _files.Batch(id))["status"]!, Patience);
    }

    // Somebody else writes just before the former file comes back.
    private async Task CannotComeBackAtFirst(string file, string noFile)
    {
        var before = await File.ReadAllTextAsync(_host.At("a"));
        var proxy = await Behind();
        proxy.Decide = line =>
        {
            if (line.StartsWith("PUT ", StringComparison.Ordinal) && proxy.Count("PUT ") == 2)
            {
                File.WriteAllText(_host.At("a"), "theirs");
            }

            return Fate.Pass;
        };
        await Change(file);
        var id = await _files.Submit(file, noFile);
        await Ends(id, "partial");
        await File.WriteAllTextAsync(_host.At("a"), before);
        Assert.Equal(202, (await hub.Api.Post($"/api/sync/batch/{id}/retry")).Status);
        await Ends(id, "rolled_back");
    }

    private async Task WaitForEachOther(string file)
    {
        var proxy = await Behind(held: true);
        await Change(file);
        var running = await _files.Submit(file);
        await proxy.Holding.WaitAsync(Patience);
        var (next, cancelled) = (await _files.Submit(file), await _files.Submit(file));
        foreach (var id in new[] { next, cancelled })
        {
            await Eventually.Equal("queued", async () => (string)(await _files.Batch(id))["status"]!, Patience);
        }

        Assert.Equal(202, (await hub.Api.Post($"/api/sync/batch/{cancelled}/cancel")).Status);
        await Ends(cancelled, "cancelled");
        await hub.Tell(Queues.ConfigSyncs, Guid.Parse(running), new SyncBatchNudged(Guid.Parse(running)));
        proxy.Release();
        await Ends(running, "ok");
        await Ends(next, "ok");
    }

    private async Task RunOutOfTime(string file)
    {
        var proxy = await Behind(held: true);
        await Change(file);
        var late = await _files.Submit(file);
        await proxy.Holding.WaitAsync(Patience);
        await hub.TimeIsUp(Guid.Parse(late));
        await Eventually.Value(() => _files.Batch(late), batch => batch["error"] is not null, Patience);
        proxy.Release();
        await Ends(late, "rolled_back");
    }

    private async Task Change(string file) =>
        Assert.Equal(200, (await hub.Api.Patch($"/api/config-files/{file}", new { content = $"changed {++_values}" })).Status);

    // A proxy holds one call in its life, which lasts to the end: a batch may still be cleaned up after.
    private async Task<EngineProxy> Behind(bool held = false)
    {
        var proxy = new EngineProxy(engine.Uri);
        _proxies.Add(proxy);
        Assert.Equal(200, (await hub.Api.Patch($"/api/servers/{_host.ServerId}", new { endpoint = proxy.Endpoint })).Status);
        if (held)
        {
            proxy.Decide = line => !proxy.Holding.IsCompleted && line.StartsWith("PUT ", StringComparison.Ordinal) ? Fate.Held : Fate.Pass;
        }

        return proxy;
    }
}
