using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Bench.Peers;

/// <summary>What many use instead: docker-compose, which does not wait for health, and the docker client in a loop, which does here; and what the Engine calls alone take.</summary>
internal static class OtherPeers
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    /// <summary>Seconds that <c>docker-compose up -d</c> needs for the second release of N services.</summary>
    public static async Task<double> Compose(PeerBed bed, int services)
    {
        var folder = Directory.CreateDirectory(Path.Combine(bed.Engine.Folder.Path, "compose")).FullName;
        await Up(bed, folder, services, bed.Good[0].ByDigest);
        var begun = Stopwatch.GetTimestamp();
        await Up(bed, folder, services, bed.Good[1].ByDigest);
        var took = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await Run(bed, folder, "down");
        return took;
    }

    /// <summary>Seconds that <c>docker rm</c> and <c>docker run</c> need, one container after another, each awaited until it is healthy.</summary>
    public static async Task<double> Loop(PeerBed bed, int services)
    {
        for (var i = 1; i <= services; i++)
        {
            await bed.Engine.Docker("run", "-d", "--name", $"loop-{i}", bed.Good[0].ByDigest);
        }

        var begun = Stopwatch.GetTimestamp();
        for (var i = 1; i <= services; i++)
        {
            await bed.Engine.Docker("rm", "-f", $"loop-{i}");
            await bed.Engine.Docker("run", "-d", "--name", $"loop-{i}", bed.Good[1].ByDigest);
            using var late = new CancellationTokenSource(Deadline);
            while ((string?)JsonNode.Parse(await bed.Raw.Call(HttpMethod.Get, $"containers/loop-{i}/json"))!["State"]!["Health"]!["Status"] != "healthy")
            {
                await Task.Delay(LookEvery, late.Token);
            }
        }

        var took = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        for (var i = 1; i <= services; i++)
        {
            await bed.Raw.Remove($"loop-{i}");
        }

        return took;
    }

    /// <summary>Seconds of the bare Engine calls for a good release, and for one that fails until the former containers are healthy again: no orchestrator that waits for the health checks is faster.</summary>
    public static async Task<(double Good, double Failing)> Bare(PeerBed bed, int services, int parallel)
    {
        var names = Enumerable.Range(1, services).Select(i => string.Create(CultureInfo.InvariantCulture, $"bare-{i}")).ToList();
        foreach (var name in names)
        {
            await bed.Raw.Start(name, bed.Good[0].ByDigest);
        }

        // The first to fail ends the release, so that only those that are under way with it have to return.
        var good = await Time(names, name => bed.Raw.Replace(name, bed.Good[1].ByDigest, TimeSpan.Zero));
        var failing = await Time(names.Take(parallel), name => bed.Raw.ReplaceAndReturn(name, bed.Bad.ByDigest));
        await Task.WhenAll(names.Select(bed.Raw.Remove));
        return (good, failing);

        async Task<double> Time(IEnumerable<string> containers, Func<string, Task> act)
        {
            var begun = Stopwatch.GetTimestamp();
            await Parallel.ForEachAsync(containers, new ParallelOptions { MaxDegreeOfParallelism = parallel }, async (name, _) => await act(name));
            return Stopwatch.GetElapsedTime(begun).TotalSeconds;
        }
    }

    private static async Task Up(PeerBed bed, string folder, int services, string image)
    {
        var file = new StringBuilder("version: \"3\"\nservices:\n");
        for (var i = 1; i <= services; i++)
        {
            file.Append(CultureInfo.InvariantCulture, $"  service-{i}:\n    image: {image}\n    network_mode: bridge\n");
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "docker-compose.yml"), file.ToString());
        await Run(bed, folder, "up", "-d");
    }

    private static Task<string> Run(PeerBed bed, string folder, params string[] arguments) => Programs.Run(
        "docker-compose", ["-f", Path.Combine(folder, "docker-compose.yml"), "-p", "peers", .. arguments],
        new Dictionary<string, string> { ["DOCKER_HOST"] = bed.Engine.Uri.OriginalString }, within: Deadline);
}
