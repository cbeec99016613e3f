using System.Globalization;
using DeployHub.Bench.Deploy;
using DeployHub.Bench.Setup;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace DeployHub.Bench.Resident;

/// <summary>What each process holds resident: idle, after many plans, with many steps in flight, and with a day of history in its database.</summary>
internal static class MemoryBench
{
    private const int Engines = 50;
    private const int AtOnce = 64;
    private const double IdleMegabytes = 160;
    private const double InFlightBound = 2;
    private const double BackBound = 1.2;

    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    public static async Task Run(Report report, bool quick)
    {
        await using var bed = await SimBed.Start(Engines);
        await using var standalone = await Hub.Standalone(Path.Combine(bed.Hub.Data, "standalone"));
        foreach (var hub in new[] { bed.Hub, standalone })
        {
            await Measure(bed, report, hub, quick);
        }
    }

    private static async Task Measure(SimBed bed, Report report, Hub hub, bool quick)
    {
        var (plans, inFlight, past) = quick ? (30, 128, 1_000) : (1_000, 1_000, 20_000);
        var settled = quick ? Settled / 5 : Settled;
        await Task.Delay(settled);
        var idle = Look(hub);
        foreach (var (name, megabytes) in idle)
        {
            report.Add(Row.OfValue($"resident, idle, {name}", "MB", megabytes, IdleMegabytes));
        }

        // Two hubs on the same engines do not meet: the names of their containers differ.
        var town = await Town.Make(hub, "memory", bed.Engines.Endpoints);
        var images = await town.Images($"memory-{hub.Name}", 50, 1);
        var last = "";
        await Clients.Run(8, plans, async number => await hub.Ended(last = await hub.Deploy(images[number % images.Length], new { imageTag = "v1" })));
        await Task.Delay(settled);
        Add(report, string.Create(CultureInfo.InvariantCulture, $"after {plans} plans"), idle, Look(hub), BackBound);

        var holding = await town.Images($"holding-{hub.Name}", (inFlight + AtOnce - 1) / AtOnce, AtOnce, Holding(quick));
        var running = Task.WhenAll((await Task.WhenAll(holding.Select(image => hub.Deploy(image, new { imageTag = "v1", maxParallel = AtOnce })))).Select(plan => hub.Ended(plan)));
        var most = Look(hub);
        while (!running.IsCompleted)
        {
            await Task.WhenAny(running, Task.Delay(LookEvery));
            most = Look(hub).ToDictionary(now => now.Key, now => Math.Max(now.Value, most[now.Key]));
        }

        await running;
        Add(report, string.Create(CultureInfo.InvariantCulture, $"with {holding.Length * AtOnce} steps in flight"), idle, most, InFlightBound);
        await Fill(bed, hub, last, past);
        await Clients.Run(4, 200, async _ => await hub.Call(HttpMethod.Get, $"/api/environments/{town.Environment}/deployment-plans?limit=200"));
        await Task.Delay(settled);
        Add(report, string.Create(CultureInfo.InvariantCulture, $"afterwards, with a day's {past:#,0} plans"), idle, Look(hub), BackBound);
    }

    // Long enough for all steps to be in flight together.
    private static Service Holding(bool quick) => new(new { }, new { minHealthySeconds = quick ? 4 : 20 });

    private static async Task Fill(SimBed bed, Hub hub, string plan, int past)
    {
        await using System.Data.Common.DbConnection database = hub == bed.Hub
            ? new NpgsqlConnection(bed.Database)
            : new SqliteConnection($"Data Source={Path.Combine(hub.Data, "deployhub.db")};Pooling=False;Default Timeout=60");
        await database.OpenAsync();
        await History.Fill(database, plan, past);
    }

    private static void Add(Report report, string when, Dictionary<string, double> idle, Dictionary<string, double> now, double bound)
    {
        foreach (var (name, megabytes) in now)
        {
            report.Add(new Row($"resident, {when}, {name}, against idle", "MB", megabytes, idle[name], megabytes / idle[name], bound, []));
        }
    }

    private static Dictionary<string, double> Look(Hub hub) => hub.Processes.ToDictionary(process => process.Key, process => Resident(process.Value));

    // proc(5): «VmRSS:   123456 kB», in units of 1024 bytes.
    private static double Resident(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").Single(x => x.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
