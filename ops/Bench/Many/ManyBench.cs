using System.Diagnostics;
using System.Globalization;
using DeployHub.Bench.Setup;
using Npgsql;

namespace DeployHub.Bench.Many;

/// <summary>Many plans of three steps at once, and lists and polls, with a long history against none.</summary>
internal static class ManyBench
{
    private const int Engines = 50;
    private const int StepsAPlan = 3;
    private const int SubmittedAtOnce = 16;
    private const int ReadAtOnce = 4;
    private const double RateBound = 0.9;
    private const double ReadBound = 1.2;

    public static async Task Run(Report report, bool quick)
    {
        var (plans, past, reads) = quick ? (40, 1_000, 200) : (1_000, 10_000, 1_500);
        await using var bed = await SimBed.Start(Engines);
        var town = await Town.Make(bed.Hub, "many", bed.Engines.Endpoints);
        var images = await town.Images("many", plans / 4, StepsAPlan);

        // The first deploys make the containers, and have the code compiled.
        await Deploy(bed, images, images.Length);
        var before = await Deploy(bed, images, plans);
        var (listBefore, getBefore) = await Read(bed, town, before.Last, reads);

        await using (var database = new NpgsqlConnection(bed.Database))
        {
            await database.OpenAsync();
            await History.Fill(database, before.Last, past);

            // As it would be with a history that has grown; else it happens while it is measured.
            await using var vacuum = new NpgsqlCommand("VACUUM ANALYZE", database);
            await vacuum.ExecuteNonQueryAsync();
        }

        var after = await Deploy(bed, images, plans);
        var (listAfter, getAfter) = await Read(bed, town, after.Last, reads);
        string Named(string what) => string.Create(CultureInfo.InvariantCulture, $"{what} with {past:#,0} plans in the history");
        report.Add(Row.OfRates(Named($"plans of {StepsAPlan} steps, {plans} at once,"), [new Sample(after.Rate, before.Rate)], RateBound));
        report.Add(Row.OfMedians(Named("list plans, p99,"), [new Sample(listAfter.P99, listBefore.P99)], ReadBound));
        report.Add(Row.OfMedians(Named("list plans, p50,"), [new Sample(listAfter.Median, listBefore.Median)], null));
        report.Add(Row.OfMedians(Named("get a plan, p99,"), [new Sample(getAfter.P99, getBefore.P99)], ReadBound));
        report.Add(Row.OfMedians(Named("get a plan, p50,"), [new Sample(getAfter.Median, getBefore.Median)], null));
    }

    // Plans in a second, from the first submission until all have ended and nothing is left to do; and the last plan.
    private static async Task<(double Rate, string Last)> Deploy(SimBed bed, string[] images, int plans)
    {
        var submitted = new string[plans];
        var begun = Stopwatch.GetTimestamp();
        await Clients.Run(SubmittedAtOnce, plans, async number =>
            submitted[number] = await bed.Hub.Deploy(images[number % images.Length], new { imageTag = "v1", maxParallel = StepsAPlan }));
        await Task.WhenAll(submitted.TakeLast(images.Length).Chunk(Math.Max(1, images.Length / ReadAtOnce)).Select(async some =>
        {
            foreach (var plan in some)
            {
                await bed.Hub.Ended(plan);
            }
        }));
        await bed.Idle();
        return (plans / Stopwatch.GetElapsedTime(begun).TotalSeconds, submitted[^1]);
    }

    private static async Task<(Clients List, Clients Get)> Read(SimBed bed, Town town, string plan, int reads)
    {
        Task<Clients> Calls(string path) => Clients.Run(ReadAtOnce, reads, async _ => await bed.Hub.Call(HttpMethod.Get, path));
        await Calls($"/api/deployment-plans/{plan}");
        await Calls($"/api/environments/{town.Environment}/deployment-plans");
        return (await Calls($"/api/environments/{town.Environment}/deployment-plans"), await Calls($"/api/deployment-plans/{plan}"));
    }
}
