using System.Diagnostics;
using DeployHub.Bench.Setup;
using DeployHub.Servers;

namespace DeployHub.Bench.Deploy;

/// <summary>Containers that are replaced together. Both hubs and the bare client take turns at the very same ones.</summary>
internal sealed class Fleet
{
    private const int MadeAtOnce = 8;
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private readonly Testbed _bed;
    private readonly StoredImage _image;
    private readonly Dictionary<Hub, string> _imageIds = [];

    private Fleet(Testbed bed, StoredImage image, string name, int size) =>
        (_bed, _image, Names) = (bed, image, [.. Enumerable.Range(1, size).Select(i => $"{name}-{i}")]);

    public string[] Names { get; }

    /// <summary>Starts the containers and tells both hubs of them.</summary>
    /// <param name="bed">The servers.</param>
    /// <param name="image">What they run.</param>
    /// <param name="name">Of the fleet; no other has it.</param>
    /// <param name="size">How many containers.</param>
    /// <param name="service">What the hubs are told of each.</param>
    /// <param name="endpoint">Where the hubs find the engine.</param>
    public static async Task<Fleet> Make(Testbed bed, StoredImage image, string name, int size, Service service, string endpoint)
    {
        var fleet = new Fleet(bed, image, name, size);
        await Parallel.ForEachAsync(
            fleet.Names, new ParallelOptions { MaxDegreeOfParallelism = MadeAtOnce }, async (container, _) => await bed.Raw.Start(container, image.ByDigest));
        foreach (var hub in bed.Hubs)
        {
            fleet._imageIds[hub] = await fleet.Register(hub, name, service, endpoint);
        }

        return fleet;
    }

    /// <summary>Seconds that the bare client needs.</summary>
    public async Task<double> ReplaceBare(int parallel, TimeSpan minimum)
    {
        var begun = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Names, new ParallelOptions { MaxDegreeOfParallelism = parallel }, async (name, _) => await _bed.Raw.Replace(name, _image.ByDigest, minimum));
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>Seconds from the submission until the plan is completed and the former containers are gone; the hub removes them after the completion is committed.</summary>
    public async Task<double> Replace(Hub hub, int parallel, bool byDigest = false)
    {
        var gone = _bed.Removals.Of(await Task.WhenAll(Names.Select(_bed.Raw.IdOf)));
        var begun = Stopwatch.GetTimestamp();
        var plan = await hub.Deploy(_imageIds[hub], Request(parallel, byDigest));
        await Ended(hub, plan, gone);
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>Submits for one container and gives the plan, and a task that ends when its former container is gone.</summary>
    public async Task<(Task<string> Plan, Task Gone)> Submit(Hub hub, bool byDigest)
    {
        var gone = _bed.Removals.Of([await _bed.Raw.IdOf(Names[0])]);
        return (hub.Deploy(_imageIds[hub], Request(1, byDigest)), gone);
    }

    /// <summary>Waits for the removals, and looks now and then whether the plan has failed instead.</summary>
    public static async Task Ended(Hub hub, string plan, Task gone)
    {
        using var late = new CancellationTokenSource(Deadline);
        while (await Task.WhenAny(gone, Task.Delay(LookEvery, late.Token)) != gone)
        {
            var row = await hub.Plan(plan);
            if (late.IsCancellationRequested || (string)row["status"]! is not ("pending" or "queued" or "running" or "completed"))
            {
                throw new InvalidOperationException($"{hub.Name}: the plan did not do what it should: {row.ToJsonString()}{Environment.NewLine}{hub.Log()}");
            }
        }
    }

    public Task Remove() => Parallel.ForEachAsync(
        Names, new ParallelOptions { MaxDegreeOfParallelism = MadeAtOnce }, async (name, _) => await _bed.Raw.Remove(name));

    private object Request(int parallel, bool byDigest) => byDigest
        ? new { imageDigestId = _image.Digest, maxParallel = parallel }
        : new { imageTag = _image.Tags[0], maxParallel = parallel };

    private async Task<string> Register(Hub hub, string name, Service service, string endpoint)
    {
        var environment = await hub.Create("/api/environments", new { name });
        var server = await hub.Create($"/api/environments/{environment}/servers", new { name = "engine", endpoint });
        var image = await hub.Create($"/api/environments/{environment}/container-images", new { name, imageName = _image.Name });
        await hub.Create($"/api/container-images/{image}/digests", new { manifestDigest = _image.Digest });
        foreach (var container in Names)
        {
            var id = await hub.Create($"/api/environments/{environment}/services", service.Body(container, image));
            await hub.Create($"/api/services/{id}/deployments", new { serverId = server, containerName = container });
        }

        return image;
    }
}
