using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;

namespace DeployHub.Integration.Api;

/// <summary>What a test needs to deploy to, under names that no other test uses.</summary>
public sealed class Inventory(ApiClient api)
{
    private readonly string _mark = Guid.NewGuid().ToString("n")[..8];

    public string EnvironmentId { get; private set; } = "";
    public string ServerId { get; private set; } = "";
    public string ImageId { get; private set; } = "";
    public string ServiceId { get; private set; } = "";
    public string DeploymentId { get; private set; } = "";

    /// <summary>An environment with a server and an image, and nothing that runs.</summary>
    public static async Task<Inventory> Bare(ApiClient api)
    {
        var made = new Inventory(api);
        made.EnvironmentId = Id(await api.Create("/api/environments", new { name = $"env-{made._mark}" }));
        made.ServerId = Id(await api.Create($"{made.Root}/servers", new { name = "web-1", endpoint = "unix:///var/run/docker.sock" }));
        made.ImageId = Id(await api.Create($"{made.Root}/container-images", new { name = "api", imageName = $"127.0.0.1:5000/{made._mark}/api" }));
        return made;
    }

    /// <summary>The same with a service on the server.</summary>
    public static async Task<Inventory> WithService(ApiClient api)
    {
        var made = await Bare(api);
        made.ServiceId = await made.AddService("api");
        made.DeploymentId = Id(await api.Create($"/api/services/{made.ServiceId}/deployments", new { serverId = made.ServerId }));
        return made;
    }

    public string Root => $"/api/environments/{EnvironmentId}";

    public string DeployPath => $"/api/container-images/{ImageId}/deploy";

    public async Task<string> AddService(string name) => Id(await api.Create($"{Root}/services", new { name, containerImageId = ImageId }));

    public static string Id(JsonNode made) => (string)made["id"]!;
}
