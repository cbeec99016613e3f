using System.Text.Json;
using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.ConfigSync;

/// <summary>A server of a test, its folder that may be written, and a service there whose files go into that folder.</summary>
public sealed record FileHost(string ServerId, string ServiceId, string Container, HostFolder Folder)
{
    public string At(string name) => Folder.At(name);
}

/// <summary>Config files over REST: attached, synced and looked at, as a caller does it.</summary>
public sealed class FileShop(Shop shop) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);
    private readonly List<HostFolder> _folders = [];

    public Shop Shop => shop;

    private ApiClient Api => shop.Hub.Api;

    /// <summary>A server at this endpoint with a service of its own.</summary>
    public async Task<FileHost> AddHost(string name, string endpoint)
    {
        var folder = new HostFolder();
        _folders.Add(folder);
        var server = await shop.AddServer(name, endpoint);
        Assert.Equal(200, (await Api.Patch($"/api/servers/{server}", new { writableFolders = new[] { folder.Path } })).Status);
        var container = await shop.AddService($"service-{name}", servers: server);
        var services = (await Api.Get($"/api/environments/{shop.EnvironmentId}/services?limit=100")).Json!["services"]!.AsArray();
        return new FileHost(server, (string)services.Single(x => (string)x!["name"]! == $"service-{name}")!["id"]!, container, folder);
    }

    /// <summary>A config file of this content, attached at a name in the host's folder; gives its id.</summary>
    public async Task<string> Attach(FileHost host, string name, object content, object? how = null)
    {
        var file = Merged(content, new { name = $"{name} {Guid.NewGuid():n}", filename = Path.GetFileName(name) });
        var id = (string)(await Api.Create($"/api/environments/{shop.EnvironmentId}/config-files", file))["id"]!;
        await Api.Create($"/api/services/{host.ServiceId}/files", Merged(how ?? new { }, new { configFileId = id, targetPath = host.At(name) }));
        return id;
    }

    /// <summary>Submits a batch of these files; gives its id.</summary>
    public async Task<string> Submit(params string[] files)
    {
        var answer = await Api.Post("/api/sync/batch", new { operations = files.Select(id => new { type = "config-file-sync", configFileId = id }) });
        Assert.True(answer.Status == 202, answer.Text);
        return (string)answer.Json!["batchId"]!;
    }

    public async Task<JsonNode> Batch(string id) => (await Api.Get($"/api/sync/batch/{id}")).Json!;

    public async Task<JsonNode> End(string id)
    {
        try
        {
            return await Eventually.Value(() => Batch(id), batch => (string)batch["status"]! is "ok" or "rolled_back" or "failed" or "partial", Patience);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}{Environment.NewLine}{shop.Hub.Log()}", e);
        }
    }

    /// <summary>The batch's status and those of its targets, with the codes of their errors, as <c>rolled_back restored failed:missing_folder</c>.</summary>
    public static string Words(JsonNode batch) => string.Join(
        ' ',
        batch["operations"]!.AsArray().SelectMany(x => x!["targets"]!.AsArray()).Select(x => x!["error"] is { } error ? $"{x["status"]}:{error["code"]}" : $"{x["status"]}")
            .Prepend((string)batch["status"]!));

    /// <summary>The helpers of a batch, running or not.</summary>
    public static async Task<string> Helpers(DockerEngine engine, string batchId) => (await engine.Docker("ps", "-aq", "--filter", $"label=deployhub.batch={batchId}")).Trim();

    public void Dispose() => _folders.ForEach(folder => folder.Dispose());

    private static JsonObject Merged(object one, object two)
    {
        var merged = (JsonObject)JsonSerializer.SerializeToNode(one)!;
        foreach (var (key, value) in (JsonObject)JsonSerializer.SerializeToNode(two)!)
        {
            merged[key] = value?.DeepClone();
        }

        return merged;
    }
}
