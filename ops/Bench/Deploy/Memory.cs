using System.Globalization;
using DeployHub.Bench.Setup;

namespace DeployHub.Bench.Deploy;

/// <summary>What each process holds resident after a hundred deploys.</summary>
internal static class Memory
{
    private const int Deploys = 100;
    private const double StandaloneMegabytes = 220;
    private const double HostMegabytes = 160;

    public static async Task Measure(Testbed bed, Report report)
    {
        await Task.WhenAll(bed.Hubs.Select(hub => Deploy(bed, hub)));
        foreach (var (hub, name, pid) in bed.Hubs.SelectMany(hub => hub.Processes.Select(process => (hub, process.Key, process.Value))))
        {
            report.Add(Row.OfValue(
                $"resident after {hub.Deploys} deploys, {name}", "MB", Resident(pid), hub == bed.Standalone ? StandaloneMegabytes : HostMegabytes));
        }
    }

    // Side by side, since nothing is timed here.
    private static async Task Deploy(Testbed bed, Hub hub)
    {
        var fleet = await Fleet.Make(bed, bed.Plain, $"memory-{hub.Name}", 1, Service.WithoutNetwork, bed.EngineAddress);
        while (hub.Deploys < Deploys)
        {
            await fleet.Replace(hub, 1);
        }

        await fleet.Remove();
    }

    // proc(5): «VmRSS:   123456 kB», in units of 1024 bytes.
    private static double Resident(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").Single(x => x.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
