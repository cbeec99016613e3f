using DeployHub.Integration.Hub;

namespace DeployHub.Integration.Api;

/// <summary>One of each thing that has an id, in an environment.</summary>
public sealed class Town
{
    private readonly Dictionary<string, string> _ids = [];

    public required Inventory Shop { get; init; }

    public string this[string noun] => _ids[noun];

    public static async Task<Town> Make(ApiClient api)
    {
        var shop = await Inventory.WithService(api);
        var town = new Town { Shop = shop };
        var ids = town._ids;
        (ids["environment"], ids["server"], ids["image"]) = (shop.EnvironmentId, shop.ServerId, shop.ImageId);
        (ids["service"], ids["deployment"]) = (shop.ServiceId, shop.DeploymentId);
        ids["registry"] = Inventory.Id(await api.Create($"{shop.Root}/registries", new { name = "r", registryUrl = "registry.example.com" }));
        ids["file"] = await shop.AddFile(api, "a", "1");
        ids["attachment"] = Inventory.Id(await api.Create($"/api/services/{shop.ServiceId}/files", new { configFileId = ids["file"], targetPath = "/opt/a" }));
        ids["version"] = (string)(await api.Get($"/api/config-files/{ids["file"]}/history")).Json!["versions"]![0]!["versionId"]!;
        ids["variable"] = Inventory.Id(await api.Create($"{shop.Root}/vars", new { name = "V", value = "1" }));
        ids["secret"] = Inventory.Id(await api.Create($"{shop.Root}/secrets", new { name = "S", value = "2" }));
        ids["digest"] = Inventory.Id(await api.Create($"/api/container-images/{shop.ImageId}/digests", new { manifestDigest = "sha256:" + new string('a', 64) }));
        ids["plan"] = (string)(await api.Post(shop.DeployPath, new { imageTag = "v1" })).Json!["plan"]!["id"]!;
        ids["batch"] = (await api.Post("/api/sync/batch", Files.Batch(ids["file"]))).BatchId().ToString();
        return town;
    }

    /// <summary>The path of a route with the ids of this town in it; null where it is about no town.</summary>
    /// <param name="route">As in <c>/api/servers/{id}</c>.</param>
    public string? Path(string route) => route.Split('/') switch
    {
        [_, "api", "environments", "{envId}" or "{id}", ..] => Fill(route, "environment"),
        [_, "api", "servers", "{id}"] => Fill(route, "server"),
        [_, "api", "registries", "{id}"] => Fill(route, "registry"),
        [_, "api", "container-images", "{id}", ..] => Fill(route, "image"),
        [_, "api", "services", "{id}", ..] => Fill(route, "service"),
        [_, "api", "config-files", "{id}", ..] => Fill(route, "file"),
        [_, "api", "vars", "{id}"] => Fill(route, "variable"),
        [_, "api", "secrets", "{id}"] => Fill(route, "secret"),
        [_, "api", "deployment-plans", "{id}", ..] => Fill(route, "plan"),
        [_, "api", "sync", "batch", "{batchId}", ..] => Fill(route, "batch"),
        _ => null,
    };

    private string Fill(string route, string noun) => route
        .Replace("{depId}", this["deployment"], StringComparison.Ordinal).Replace("{fileId}", this["attachment"], StringComparison.Ordinal)
        .Replace("{versionId}", this["version"], StringComparison.Ordinal).Replace("{envId}", this[noun], StringComparison.Ordinal)
        .Replace("{batchId}", this[noun], StringComparison.Ordinal).Replace("{id}", this[noun], StringComparison.Ordinal);
}
