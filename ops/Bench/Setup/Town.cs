using System.Globalization;
using DeployHub.Bench.Deploy;

namespace DeployHub.Bench.Setup;

/// <summary>Servers and images of one environment of a hub, on simulated engines.</summary>
internal sealed class Town
{
    private const int MadeAtOnce = 8;
    private readonly Hub _hub;
    private readonly string _environment;
    private readonly string[] _servers;

    private Town(Hub hub, string environment, string[] servers) => (_hub, _environment, _servers) = (hub, environment, servers);

    public string Environment => _environment;

    public static async Task<Town> Make(Hub hub, string name, IEnumerable<string> endpoints)
    {
        var environment = await hub.Create("/api/environments", new { name });
        var servers = new List<string>();
        foreach (var endpoint in endpoints)
        {
            servers.Add(await hub.Create($"/api/environments/{environment}/servers", new { name = $"server-{servers.Count + 1}", endpoint }));
        }

        return new Town(hub, environment, [.. servers]);
    }

    /// <summary>Makes an image whose deployment has <paramref name="steps"/> steps: its services go to one server after another.</summary>
    public async Task<string> Image(string name, int steps, Service? service = null, int from = 0)
    {
        var image = await _hub.Create($"/api/environments/{_environment}/container-images", new { name, imageName = $"simulated.test/bench/{name}" });
        for (var made = 0; made < steps; made += _servers.Length)
        {
            var unique = string.Create(CultureInfo.InvariantCulture, $"{name}-{made / _servers.Length}");
            var id = await _hub.Create($"/api/environments/{_environment}/services", (service ?? Service.WithoutGate).Body(unique, image));
            await Parallel.ForEachAsync(
                Enumerable.Range(from, Math.Min(_servers.Length, steps - made)).Select(i => _servers[i % _servers.Length]), new ParallelOptions { MaxDegreeOfParallelism = MadeAtOnce },
                async (server, _) => await _hub.Create($"/api/services/{id}/deployments", new { serverId = server, containerName = unique }));
        }

        return image;
    }

    /// <summary>Several images of the same size, spread over the servers.</summary>
    public async Task<string[]> Images(string name, int count, int steps, Service? service = null)
    {
        var images = new string[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = MadeAtOnce }, async (i, _) =>
            images[i] = await Image(string.Create(CultureInfo.InvariantCulture, $"{name}-{i}"), steps, service, i * steps));
        return images;
    }
}
