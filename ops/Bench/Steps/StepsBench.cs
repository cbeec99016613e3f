using System.Diagnostics;
using System.Globalization;
using DeployHub.Bench.Deploy;
using DeployHub.Bench.Setup;
using Npgsql;

namespace DeployHub.Bench.Steps;

/// <summary>
/// Plans of many steps on simulated engines that answer at once: what is left is DeployHub's own. Against bare commands and reports over RabbitMQ and the bare SQL of a step; cost per step
/// against that of a plan of 100; and the first step's latency against the bare chain.
/// </summary>
internal static class StepsBench
{
    private const int Engines = 100;
    private const int AtOnce = 64;
    private const int Submissions = 30;
    private const int SubmissionsQuick = 8;
    private const double RateBound = 0.3;
    private const double GrowthBound = 1.2;
    private const double FirstStepBound = 4;
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    public static async Task Run(Report report, bool quick)
    {
        await using var bed = await SimBed.Start(Engines);
        var town = await Town.Make(bed.Hub, "steps", bed.Engines.Endpoints);
        int[] sizes = quick ? [1, 10, 100, 200] : [1, 10, 100, 1000, 5000];
        var images = new List<(int Steps, string Image)>();
        foreach (var size in sizes)
        {
            images.Add((size, await town.Image(string.Create(CultureInfo.InvariantCulture, $"steps-{size}"), size)));
        }

        await using var bare = await BareSteps.Open(await bed.Postgres.CreateDatabase("bare"), bed.Broker.Uri, AtOnce);
        await FirstStep(bed, report, quick);
        for (var workers = 1; workers <= (quick ? 1 : 2); workers++)
        {
            if (workers > 1)
            {
                await bed.Hub.AddWorker();
            }

            var took = new Dictionary<int, double>();
            foreach (var (steps, image) in images.Where(image => workers == 1 || image.Steps >= 100))
            {
                took[steps] = await Measure(bed, report, bare, image, steps, workers, quick);
            }

            var largest = took.Keys.Max();
            report.Add(new Row(
                string.Create(CultureInfo.InvariantCulture, $"a step of {largest} against one of 100, {workers} Worker{(workers > 1 ? "s" : "")}"), "ms", took[largest] / largest * 1000, took[100] * 10,
                took[largest] / largest / (took[100] / 100), GrowthBound, []));
        }
    }

    // Gives the median of the seconds that a plan took.
    private static async Task<double> Measure(SimBed bed, Report report, BareSteps bare, string image, int steps, int workers, bool quick)
    {
        if (workers == 1)
        {
            // The first deploy makes the containers; from the second on they are replaced.
            await Deploy(bed, image);
            await bare.Run(Math.Min(steps, 200));
        }

        var rounds = steps switch { <= 10 => quick ? 3 : 10, <= 100 => quick ? 1 : 7, _ => 1 };
        var samples = new List<Sample>();
        for (var round = 0; round < rounds; round++)
        {
            var baseline = round % 2 == 0 ? await bare.Run(steps) : 0;
            var ours = await Deploy(bed, image);
            baseline = round % 2 == 0 ? baseline : await bare.Run(steps);
            samples.Add(new Sample(steps / ours, steps / baseline));
        }

        if (workers == 1 && steps is >= 100 and <= 1000)
        {
            var before = await Written(bed);
            await Deploy(bed, image);
            var after = await Written(bed);
            report.Add(Row.OfValue(string.Create(CultureInfo.InvariantCulture, $"write-ahead log of a step, plan of {steps}"), "kB", (after.Log - before.Log) / 1000.0 / steps, null));
            report.Add(Row.OfValue(string.Create(CultureInfo.InvariantCulture, $"what stays on the disk of a step, plan of {steps}"), "kB", (after.Kept - before.Kept) / 1000.0 / steps, null));
        }

        // Plans of a few steps are dominated by their beginning and their end: for information.
        report.Add(Row.OfRates(
            string.Create(CultureInfo.InvariantCulture, $"steps, plan of {steps}, {workers} Worker{(workers > 1 ? "s" : "")}"), samples, steps >= 100 ? RateBound : null));
        return steps / Row.Median(samples.Select(sample => sample.Ours));
    }

    // Seconds from the acceptance until the plan has ended, by the rows; what is cleaned up afterwards is waited for.
    private static async Task<double> Deploy(SimBed bed, string image)
    {
        var plan = await bed.Hub.Ended(await bed.Hub.Deploy(image, new { imageTag = "v1", maxParallel = AtOnce }));
        await bed.Idle();
        return (Time((string)plan["completedAt"]!) - Time((string)plan["createdAt"]!)).TotalSeconds;
    }

    // Bytes of write-ahead log so far, and of the tables that keep history.
    private static async Task<(long Log, long Kept)> Written(SimBed bed)
    {
        await using var database = new NpgsqlConnection(bed.Database);
        await database.OpenAsync();
        await using var sizes = new NpgsqlCommand(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint, pg_total_relation_size('deployment_plans') + pg_total_relation_size('deployment_steps') + pg_total_relation_size('audit_entries')", database);
        await using var row = await sizes.ExecuteReaderAsync();
        await row.ReadAsync();
        return (row.GetInt64(0), row.GetInt64(1));
    }

    private static async Task FirstStep(SimBed bed, Report report, bool quick)
    {
        await using var proxy = new EngineProxy(Path.Combine(bed.Hub.Data, "proxy.sock"), bed.Engines.Endpoints[0]["unix://".Length..]);
        await using var chain = await BareChain.Open(await bed.Postgres.CreateDatabase("chain"), bed.Broker.Uri);
        var town = await Town.Make(bed.Hub, "first-step", [$"unix://{proxy.Path}"]);
        var image = await town.Image("first", 1);
        for (var i = 0; i < FirstCall.WarmUps(quick); i++)
        {
            await Deploy(bed, image);
            await chain.Run();
        }

        var samples = new List<Sample>();
        for (var i = 0; i < (quick ? SubmissionsQuick : Submissions); i++)
        {
            await Task.Delay(Quiet);
            var first = proxy.NextByte();
            var begun = Stopwatch.GetTimestamp();
            var plan = bed.Hub.Deploy(image, new { imageTag = "v1" });
            var took = Stopwatch.GetElapsedTime(begun, await first.WaitAsync(Deadline)).TotalMilliseconds;
            await bed.Hub.Ended(await plan);
            await bed.Idle();
            await Task.Delay(Quiet);
            begun = Stopwatch.GetTimestamp();
            await chain.Run();
            samples.Add(new Sample(took, Stopwatch.GetElapsedTime(begun).TotalMilliseconds));
        }

        report.Add(Row.OfMedians("submit to first Engine call, p50, simulated engine, 1 Worker", samples, FirstStepBound));
    }

    private static DateTime Time(string text) => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
}
