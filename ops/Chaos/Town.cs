using DeployHub.Servers;

namespace DeployHub.Chaos;

/// <summary>A service's container on an engine.</summary>
/// <param name="Engine">Index of the engine.</param>
/// <param name="Container">The container's name.</param>
/// <param name="Policy">Its restart policy.</param>
internal sealed record Place(int Engine, string Container, string Policy);

/// <summary>An image with the services that run it.</summary>
internal sealed record App(string ImageId, IReadOnlyList<string> Services, IReadOnlyList<Place> Places);

/// <summary>A config file and the one path that it goes to.</summary>
internal sealed record ConfigFile(string Id, int Engine, string Path, bool CanBeWritten);

/// <summary>What the requests are about: apps with good and bad tags, services with all restart policies, config files.</summary>
internal sealed class Town
{
    public const string Sick = "sick";
    public const string Exits = "exits";
    public const string Missing = "missing";
    public static readonly string[] Good = ["good-1", "good-2", "good-3"];
    public static readonly string[] Policies = ["no", "always", "unless-stopped", "on-failure"];
    private const int AppCount = 8;
    private const int FileCount = 6;
    private const int AppsOnOneEngine = AppCount / 2;
    private readonly List<string> _servers = [];

    public string EnvironmentId { get; private set; } = "";
    public List<App> Apps { get; } = [];
    public List<ConfigFile> Files { get; } = [];

    public static async Task<Town> Build(Stack stack)
    {
        var town = new Town();
        town.EnvironmentId = await stack.Api.Create("/api/environments", new { name = "chaos" });
        for (var i = 0; i < stack.Engines.Length; i++)
        {
            town._servers.Add(await stack.Api.Create(
                $"/api/environments/{town.EnvironmentId}/servers",
                new { name = stack.Engines[i].Name, endpoint = stack.Engines[i].Uri.OriginalString, writableFolders = new[] { stack.Folders[i] } }));
        }

        for (var i = 0; i < AppCount; i++)
        {
            town.Apps.Add(await town.AddApp(stack, i));
        }

        for (var i = 0; i <= FileCount; i++)
        {
            town.Files.Add(await town.AddFile(stack, i, canBeWritten: i < FileCount));
        }

        return town;
    }

    // One or two services, each on one engine or on both.
    private async Task<App> AddApp(Stack stack, int number)
    {
        var repository = $"chaos/app-{number}";
        foreach (var tag in Good)
        {
            await stack.Registry.Push(TestImage.Serving($"{repository} {tag}"), repository, tag);
        }

        await stack.Registry.Push(TestImage.Serving($"{repository} sick").Unhealthy(), repository, Sick);
        await stack.Registry.Push(TestImage.Exiting(7), repository, Exits);
        var image = await stack.Api.Create(
            $"/api/environments/{EnvironmentId}/container-images", new { name = repository, imageName = $"{stack.Registry.Host}/{repository}" });
        var (services, places) = (new List<string>(), new List<Place>());
        for (var i = 0; i <= number % 2; i++)
        {
            var policy = Policies[(number + i) % Policies.Length];
            var service = await stack.Api.Create(
                $"/api/environments/{EnvironmentId}/services",
                new
                {
                    name = $"app-{number}-{i}",
                    containerImageId = image,
                    container = new { restartPolicy = policy, stopGraceSeconds = 1 },
                    health = new { minHealthySeconds = 1 },
                });
            services.Add(service);
            int[] engines = number % 4 < 2 ? [number % 2] : [0, 1];
            foreach (var engine in engines)
            {
                var container = $"chaos-{number}-{i}";
                await stack.Api.Create($"/api/services/{service}/deployments", new { serverId = _servers[engine], containerName = container });
                places.Add(new Place(engine, container, policy));
            }
        }

        return new App(image, services, places);
    }

    // Both engines share one host, so a file goes to a service that is on one of them; the last one's folder does not exist.
    private async Task<ConfigFile> AddFile(Stack stack, int number, bool canBeWritten)
    {
        var name = $"file-{number}";
        var app = Apps.Where(x => x.Places.DistinctBy(place => place.Engine).Count() == 1).ElementAt(number % AppsOnOneEngine);
        var engine = app.Places[0].Engine;
        var path = Path.Combine(stack.Folders[engine], canBeWritten ? name : $"nowhere/{name}");
        var id = await stack.Api.Create($"/api/environments/{EnvironmentId}/config-files", new { name, filename = name, content = "0" });
        await stack.Api.Create($"/api/services/{app.Services[0]}/files", new { configFileId = id, targetPath = path });
        return new ConfigFile(id, engine, path, canBeWritten);
    }
}
