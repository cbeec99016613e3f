using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Integration.Hub;

/// <summary>An environment of one test: a server on an engine, an image, services; with names that no other test uses.</summary>
public sealed class Shop
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _mark = Guid.NewGuid().ToString("n")[..8];

    private Shop(RunningHub hub) => Hub = hub;

    public RunningHub Hub { get; }
    public string EnvironmentId { get; private set; } = "";
    public string ServerId { get; private set; } = "";
    public string ImageId { get; private set; } = "";

    /// <summary>A repository for this test alone.</summary>
    public string Repository => $"shop-{_mark}/api";

    public static async Task<Shop> Open(RunningHub hub, DockerEngine engine, string? imageName = null, Registry? registry = null, string? registryId = null)
    {
        var shop = new Shop(hub);
        shop.EnvironmentId = (string)(await hub.Api.Create("/api/environments", new { name = $"env-{shop._mark}" }))["id"]!;
        shop.ServerId = await shop.AddServer("web-1", engine.Uri.OriginalString);
        await shop.UseImage(imageName ?? $"{registry!.Host}/{shop.Repository}", registryId);
        return shop;
    }

    public async Task UseImage(string imageName, string? registryId = null) => ImageId = (string)(await Hub.Api.Create(
        $"/api/environments/{EnvironmentId}/container-images",
        registryId is null ? new { name = imageName, imageName } : new { name = imageName, imageName, registryConnectionId = registryId }))["id"]!;

    public async Task<string> AddServer(string name, string endpoint) =>
        (string)(await Hub.Api.Create($"/api/environments/{EnvironmentId}/servers", new { name, endpoint }))["id"]!;

    public async Task<string> AddRegistry(Registry registry, string? user, string? password) => (string)(await Hub.Api.Create(
        $"/api/environments/{EnvironmentId}/registries", new { name = "private", registryUrl = registry.Host, username = user, password }))["id"]!;

    /// <summary>A service on a server; gives its container's name.</summary>
    public async Task<string> AddService(string name, object? container = null, object? health = null, bool adopt = false, string? containerName = null, params string[] servers)
    {
        var body = new Dictionary<string, object?> { ["name"] = name, ["containerImageId"] = ImageId };
        if (adopt)
        {
            body["adopt"] = true;
        }
        else
        {
            body["container"] = container ?? new { };
        }

        // Most tests need no more than a proof that it runs.
        body["health"] = health ?? new { minHealthySeconds = 0 };
        var id = (string)(await Hub.Api.Create($"/api/environments/{EnvironmentId}/services", body))["id"]!;
        containerName ??= $"deployhub-{name}-{_mark}";
        foreach (var server in servers.Length > 0 ? servers : [ServerId])
        {
            await Hub.Api.Create($"/api/services/{id}/deployments", new { serverId = server, containerName });
        }

        return containerName;
    }

    /// <summary>Submits and waits for the end; gives the plan.</summary>
    public async Task<JsonNode> Deploy(object body) => await End(await Submit(body));

    public async Task<string> Submit(object body)
    {
        var answer = await Hub.Api.Post($"/api/container-images/{ImageId}/deploy", body);
        Assert.True(answer.Status == 202, $"{answer.Status} {answer.Text}");
        return (string)answer.Json!["plan"]!["id"]!;
    }

    public async Task<JsonNode> Rollback(string planId)
    {
        var answer = await Hub.Api.Post($"/api/deployment-plans/{planId}/rollback");
        Assert.True(answer.Status == 202, $"{answer.Status} {answer.Text}");
        return await End(planId);
    }

    /// <summary>Asks for what is to be done with a plan; gives the answer.</summary>
    public Task<Answer> Ask(string planId, string what, object? body = null) => Hub.Api.Post($"/api/deployment-plans/{planId}/{what}", body);

    /// <summary>Waits until one of the plan's steps is in the phase.</summary>
    public Task<JsonNode> InPhase(string planId, int step, string phase) =>
        Eventually.Value(() => Plan(planId), plan => (string?)plan["steps"]![step]!["phase"] == phase, Patience);

    public async Task<JsonNode> Plan(string planId) => (await Hub.Api.Get($"/api/deployment-plans/{planId}")).Json!["plan"]!;

    public async Task<JsonNode> End(string planId)
    {
        try
        {
            return await Eventually.Value(
                () => Plan(planId), plan => (string)plan["status"]! is "completed" or "failed" or "rolled_back" or "partially_rolled_back" or "cancelled" or "superseded", Patience);
        }
        catch (Exception e)
        {
            throw new TimeoutException($"{e.Message}{Environment.NewLine}{Hub.Log()}", e);
        }
    }

    /// <summary>Every container of this test, running or not, as <c>name=state</c>.</summary>
    public async Task<string> Containers(DockerEngine engine) => string.Join(
        " ", (await engine.Docker("ps", "-a", "--filter", $"name={_mark}", "--format", "{{.Names}}={{.State}}")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(x => x.Trim()).Order());

    public static async Task<string> ContainerId(DockerEngine engine, string name) => (await engine.Docker("inspect", "-f", "{{.Id}}", name)).Trim();
}
