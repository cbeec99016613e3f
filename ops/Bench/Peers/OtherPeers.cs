using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Bench.Peers;

/// <summary>What many use instead: docker-compose, which does not wait for health, and the docker client in a loop, which does here.</summary>
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
