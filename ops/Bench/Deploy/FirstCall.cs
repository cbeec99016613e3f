using System.Diagnostics;
using DeployHub.Bench.Setup;

namespace DeployHub.Bench.Deploy;

/// <summary>From the submission to the first byte that reaches the engine, one submission after another, against the least that durability costs on the same servers.</summary>
internal static class FirstCall
{
    private const double Bound = 4;

    // What the plan before still has to write is written in it.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>The runtime compiles a method in earnest after its thirtieth call, on both sides; a quick run has no time for it.</summary>
    public static int WarmUps(bool quick) => quick ? 3 : 40;

    public static async Task Measure(Testbed bed, Report report, bool quick)
    {
        var fleet = await Fleet.Make(bed, bed.Plain, "first-call", 1, Service.WithoutNetwork, $"unix://{bed.Proxy.Path}");
        await using (var bare = await BareSqlite.Open(bed.Standalone.Data))
        {
            await Measure(bed, report, fleet, bed.Standalone, bare, quick);
        }

        await using (var bare = await BareChain.Open(await bed.Postgres.CreateDatabase("bare"), bed.Broker.Uri))
        {
            await Measure(bed, report, fleet, bed.Distributed, bare, quick);
        }

        await fleet.Remove();
    }

    private static async Task Measure(Testbed bed, Report report, Fleet fleet, Hub hub, IBare bare, bool quick)
    {
        for (var i = 0; i < WarmUps(quick); i++)
        {
            await fleet.Replace(hub, 1, byDigest: i % 2 == 0);
            await bare.Run();
        }

        foreach (var byDigest in new[] { true, false })
        {
            var samples = new List<Sample>();
            for (var i = 0; i < (quick ? 5 : 20); i++)
            {
                samples.Add(new Sample(await Submit(bed, fleet, hub, byDigest), await Time(bare.Run)));
            }

            report.Add(Row.OfMedians($"submit to first Engine call, p50, {(byDigest ? "digest" : "tag")}, {hub.Name}", samples, Bound));
        }
    }

    private static async Task<double> Submit(Testbed bed, Fleet fleet, Hub hub, bool byDigest)
    {
        await Task.Delay(Quiet);
        var first = bed.Proxy.NextByte();
        var begun = Stopwatch.GetTimestamp();
        var (plan, gone) = await fleet.Submit(hub, byDigest);
        var took = Stopwatch.GetElapsedTime(begun, await first.WaitAsync(Deadline));
        await Fleet.Ended(hub, await plan, gone);
        return took.TotalMilliseconds;
    }

    private static async Task<double> Time(Func<Task> act)
    {
        await Task.Delay(Quiet);
        var begun = Stopwatch.GetTimestamp();
        await act();
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }
}

/// <summary>The least that is needed for the same promise.</summary>
internal interface IBare : IAsyncDisposable
{
    Task Run();
}
