using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DeployHub.Contracts.Deployments;
using DeployHub.Integration.Hub;
using DeployHub.Persistence.Messaging;
using DeployHub.Servers;

namespace DeployHub.Integration.Messaging;

/// <summary>Plans that end in every way there is, on one service.</summary>
public sealed class MixedPlans(RunningHub hub, DockerEngine engine, Registry registry) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Dictionary<string, string> _ends = [];
    private readonly List<EngineProxy> _proxies = [];
    private Shop _shop = null!;
    private string _server = "";
    private string _name = "";

    /// <summary>Checks how each plan ends.</summary>
    public async Task Run()
    {
        _shop = await Shop.Open(hub, engine, registry: registry);
        _server = await _shop.AddServer("by-proxy", engine.Uri.OriginalString);
        _name = await _shop.AddService("api", new { stopGraceSeconds = 1 }, servers: _server);
        foreach (var (tag, image) in new[] { ("v1", TestImage.Serving("v1")), ("v2", TestImage.Serving("v2")), ("sick", TestImage.Serving("sick").Unhealthy()) })
        {
            await registry.Push(image, _shop.Repository, tag);
        }

        await Ends(await _shop.Submit(new { imageTag = "v1" }), "completed");
        var second = await Ends(await _shop.Submit(new { imageTag = "v2" }), "completed");
        await Again(second, "rollback", "rolled_back");
        await Ends(await _shop.Submit(new { imageTag = "sick" }), "rolled_back");
        var early = await Ends(await _shop.Submit(new { imageTag = "v3" }), "failed");
        await registry.Push(TestImage.Serving("v3"), _shop.Repository, "v3");
        await Again(early, "retry", "completed");
        Assert.Equal(200, (await hub.Api.Post($"/api/container-images/{_shop.ImageId}/digests", new { tag = "v2" })).Status);
        await CannotComeBackAtFirst();
        await WaitForEachOther();
        await RunOutOfTime();
        await Eventually.Equal($"{_name}=running", () => _shop.Containers(engine), Patience);
    }

    /// <summary>Each plan ends, and stays, as it was to.</summary>
    public async Task StandAsTheyEnded()
    {
        foreach (var (id, status) in _ends)
        {
            Assert.Equal((id, status), (id, (string)(await _shop.Plan(id))["status"]!));
        }

        Assert.Equal($"{_name}=running", await _shop.Containers(engine));
    }

    public void Dispose() => _proxies.ForEach(proxy => proxy.Dispose());

    private async Task<string> Ends(string id, string status)
    {
        _ends[id] = status;
        Assert.Equal((id, status), (id, (string)(await _shop.End(id))["status"]!));
        return id;
    }

    private async Task Again(string id, string what, string status)
    {
        var answer = await _shop.Ask(id, what);
        Assert.True(answer.Status == 202, answer.Text);
        await Ends(id, status);
    }

    // Somebody else takes the name while both containers of a plan that failed are kept.
    private async Task CannotComeBackAtFirst()
    {
        var kept = await Ends(await _shop.Submit(new { imageTag = "sick", autoRollback = false }), "failed");
        await engine.Docker("rename", _name, $"{_name}.aside");
        await engine.Docker("create", "--name", _name, $"{registry.Host}/{_shop.Repository}@{await Digest("v1")}");
        await Again(kept, "rollback", "partially_rolled_back");
        await engine.Docker("rm", _name);
        await Again(kept, "retry", "rolled_back");
    }

    private async Task WaitForEachOther()
    {
        var proxy = await Behind("^POST .*/containers/create");
        var running = await _shop.Submit(new { imageTag = "v2" });
        await proxy.Holding.WaitAsync(Patience);
        var (older, cancelled) = (await Queued("v1"), await Queued("v1"));
        Assert.Equal(202, (await _shop.Ask(cancelled, "cancel")).Status);
        await Ends(cancelled, "cancelled");
        var newest = await _shop.Submit(new { imageTag = "v1", onConflict = "supersede" });
        await Ends(older, "superseded");
        await Tell(running, id => new DeploymentNudged(id));
        Assert.Equal(202, (await _shop.Ask(running, "cancel", new { rollback = true })).Status);
        proxy.Release();
        await Ends(running, "cancelled");
        await Ends(newest, "completed");
    }

    private async Task RunOutOfTime()
    {
        var proxy = await Behind("^POST .*/start ");
        var late = await _shop.Submit(new { imageTag = "v2" });
        await proxy.Holding.WaitAsync(Patience);
        await hub.TimeIsUp(Guid.Parse(late));
        await Eventually.Value(() => _shop.Plan(late), plan => (string?)plan["error"]?["code"] == DeploymentErrorCodes.DeadlineExceeded, Patience);
        proxy.Release();
        await Ends(late, "rolled_back");
    }

    private async Task<string> Queued(string tag)
    {
        var id = await _shop.Submit(new { imageTag = tag });
        await Eventually.Equal("queued", async () => (string)(await _shop.Plan(id))["status"]!, Patience);
        return id;
    }

    // A proxy holds one call in its life, which lasts to the end: a plan may still be cleaned up after.
    private async Task<EngineProxy> Behind(string call)
    {
        var proxy = new EngineProxy(engine.Uri);
        _proxies.Add(proxy);
        Assert.Equal(200, (await hub.Api.Patch($"/api/servers/{_server}", new { endpoint = proxy.Endpoint })).Status);
        proxy.Decide = line => !proxy.Holding.IsCompleted && Regex.IsMatch(line, call) ? Fate.Held : Fate.Pass;
        return proxy;
    }

    private Task Tell(string plan, Func<Guid, object> message) => hub.Tell(Queues.Deployments, Guid.Parse(plan), message(Guid.Parse(plan)));

    private async Task<string> Digest(string tag) =>
        (string)(await hub.Api.Get($"/api/container-images/{_shop.ImageId}/digests")).Json!["digests"]!.AsArray().OfType<JsonNode>().First(x => (string?)x["tag"] == tag)["manifestDigest"]!;
}
