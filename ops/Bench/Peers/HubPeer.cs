using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Bench.Deploy;

namespace DeployHub.Bench.Peers;

/// <summary>DeployHub: N services of one image on the same engine.</summary>
internal sealed class HubPeer(PeerBed bed, string name, int services)
{
    private int _release;
    private string _image = "";

    public async Task Create()
    {
        var environment = await bed.Hub.Create("/api/environments", new { name });
        var server = await bed.Hub.Create($"/api/environments/{environment}/servers", new { name = "engine", endpoint = bed.Engine.Uri.OriginalString });
        _image = await bed.Hub.Create($"/api/environments/{environment}/container-images", new { name, imageName = bed.Good[0].Name });
        for (var i = 1; i <= services; i++)
        {
            var service = await bed.Hub.Create($"/api/environments/{environment}/services", Service.Default.Body($"{name}-{i}", _image));
            await bed.Hub.Create($"/api/services/{service}/deployments", new { serverId = server, containerName = $"{name}-{i}" });
        }

        await Deploy(bed.Good[_release].Tags[0], 8, "completed");
    }

    /// <summary>Seconds until the plan is completed.</summary>
    public Task<double> Release(int parallel) => Deploy(bed.Good[_release = 1 - _release].Tags[0], parallel, "completed");

    /// <summary>Seconds until every container is back.</summary>
    public Task<double> Fail(int parallel) => Deploy(bed.Bad.Tags[0], parallel, "rolled_back");

    public async Task Remove()
    {
        for (var i = 1; i <= services; i++)
        {
            await bed.Raw.Remove($"{name}-{i}");
        }
    }

    private async Task<double> Deploy(string imageTag, int maxParallel, string end)
    {
        var begun = DateTime.UtcNow;
        var plan = await bed.Hub.Ended(await bed.Hub.Deploy(_image, new { imageTag, maxParallel }), end);
        return (Time(plan["completedAt"]) - begun).TotalSeconds;
    }

    private static DateTime Time(JsonNode? text) => DateTime.Parse((string)text!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
}
