using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Bench.Peers;

/// <summary>
/// Docker Swarm: one service of N replicas, updated one or eight at a time, stop-first, with rollback on failure. No pause between two replicas, and the shortest watch after each that it takes
/// (zero means its default of five seconds): DeployHub has neither.
/// </summary>
internal sealed class SwarmPeer(PeerBed bed, string name, int replicas)
{
    private const string NoPause = "0s";
    private const string ShortestMonitor = "1ms";
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);
    private int _release;

    public async Task Create() => await bed.Engine.Docker(
        "service", "create", "--quiet", "--name", name, "--replicas", Number(replicas), "--no-resolve-image", "--stop-grace-period", "10s",
        "--update-order", "stop-first", "--update-delay", NoPause, "--update-monitor", ShortestMonitor, "--update-failure-action", "rollback", "--update-max-failure-ratio", "0",
        "--rollback-order", "stop-first", "--rollback-delay", NoPause, "--rollback-monitor", ShortestMonitor, bed.Good[_release].ByDigest);

    /// <summary>Seconds until the update is completed.</summary>
    public Task<double> Release(int parallel) => Update(bed.Good[_release = 1 - _release], parallel, "completed");

    /// <summary>Seconds until every replica is back.</summary>
    public Task<double> Fail(int parallel) => Update(bed.Bad, parallel, "rollback_completed");

    public Task Remove() => bed.Engine.Docker("service", "rm", name);

    private async Task<double> Update(StoredImage image, int parallel, string end)
    {
        var begun = DateTime.UtcNow;
        var clock = Stopwatch.GetTimestamp();
        await bed.Engine.Docker(
            "service", "update", "--quiet", "--detach", "--no-resolve-image", "--update-parallelism", Number(parallel), "--rollback-parallelism", Number(parallel), "--image", image.ByDigest, name);
        while (true)
        {
            var status = JsonNode.Parse(await bed.Raw.Call(HttpMethod.Get, $"services/{name}"))!["UpdateStatus"];

            // The status of the update before stands until this one begins.
            if ((string?)status?["State"] == end && Time(status["CompletedAt"]) > begun)
            {
                return (Time(status["CompletedAt"]) - begun).TotalSeconds;
            }

            if (Stopwatch.GetElapsedTime(clock) > Deadline || (string?)status?["State"] is "paused" or "rollback_paused")
            {
                throw new InvalidOperationException($"Swarm's update of {name} is not {end}: {status?.ToJsonString()}{Environment.NewLine}{await bed.Engine.Docker("service", "ps", name)}");
            }

            await Task.Delay(LookEvery);
        }
    }

    private static DateTime Time(JsonNode? text) => DateTime.Parse((string)text!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
