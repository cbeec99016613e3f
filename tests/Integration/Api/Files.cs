using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;

namespace DeployHub.Integration.Api;

/// <summary>Config files and values in the environment of an inventory.</summary>
public static class Files
{
    public static async Task<string> AddFile(this Inventory shop, ApiClient api, string name, string content) =>
        Inventory.Id(await api.Create($"{shop.Root}/config-files", new { name, filename = name, content }));

    /// <summary>A file that is attached to the shop's service.</summary>
    public static async Task<string> AddAttached(this Inventory shop, ApiClient api, string name, string content, string? path = null)
    {
        var id = await shop.AddFile(api, name, content);
        await api.Create($"/api/services/{shop.ServiceId}/files", new { configFileId = id, targetPath = path ?? $"/opt/{name}" });
        return id;
    }

    public static object Batch(params string[] files) => new { operations = files.Select(id => new { type = "config-file-sync", configFileId = id }) };

    public static Guid BatchId(this Answer answer) => Guid.Parse((string)answer.Json!["batchId"]!);

    public static JsonArray Operations(this Answer answer) => answer.Json!["operations"]!.AsArray();
}
