using DeployHub.Bench.Setup;
using DeployHub.Servers;

namespace DeployHub.Bench.Deploy;

/// <summary>Containers replaced on one engine, against the bare Engine calls at the same parallelism that hold the same gate.</summary>
internal static class Replacing
{
    private const double OneBound = 1.15;
    private const double ManyBound = 1.10;
    private const int Many = 5;

    // HealthPolicy.DefaultMinRunningSeconds: the gate where nothing checks the container.
    private static readonly TimeSpan DefaultMinimum = TimeSpan.FromSeconds(5);

    // How many rounds each size gets: what takes long varies little.
    private static readonly Case[] Full =
    [
        new(GateKind.Checked, 1, 1, 5), new(GateKind.Checked, 5, 1, 1), new(GateKind.Checked, 5, 8, 3), new(GateKind.Checked, 20, 8, 1), new(GateKind.Checked, 50, 8, 1),
        new(GateKind.Default, 1, 1, 1), new(GateKind.Default, 5, 8, 1), new(GateKind.Default, 20, 8, 1), new(GateKind.None, 1, 1, 5), new(GateKind.None, 20, 8, 1),
    ];

    // Minutes each, and therefore a command of their own.
    private static readonly Case[] Long = [new(GateKind.Default, 5, 1, 1), new(GateKind.Default, 50, 8, 1), new(GateKind.Checked, 20, 1, 1), new(GateKind.Checked, 50, 1, 1)];

    private static readonly Case[] Quick = [new(GateKind.Checked, 1, 1, 1), new(GateKind.Checked, 5, 5, 1)];

    private enum GateKind
    {
        Default,
        Checked,
        None,
    }

    public static Task Measure(Testbed bed, Report report, bool quick) => Measure(bed, report, quick ? Quick : Full);

    public static Task MeasureLong(Testbed bed, Report report) => Measure(bed, report, Long);

    private static async Task Measure(Testbed bed, Report report, Case[] sizes)
    {
        await WarmUp(bed);
        foreach (var size in sizes)
        {
            await Measure(bed, report, size);
        }
    }

    // Code is compiled when it first runs; the first deploys of a process are not what an operator lives with.
    private static async Task WarmUp(Testbed bed)
    {
        var fleet = await Fleet.Make(bed, bed.Plain, "warm-up", 1, Service.WithoutGate, bed.EngineAddress);
        for (var i = 0; i < 3; i++)
        {
            await fleet.ReplaceBare(1, TimeSpan.Zero);
            await fleet.Replace(bed.Standalone, 1);
            await fleet.Replace(bed.Distributed, 1);
        }

        await fleet.Remove();
    }

    private static async Task Measure(Testbed bed, Report report, Case size)
    {
        var fleet = await Fleet.Make(bed, size.Image(bed), size.Name, size.Count, size.Service, bed.EngineAddress);
        var samples = bed.Hubs.ToDictionary(hub => hub, _ => new List<Sample>());
        for (var round = 0; round < size.Rounds; round++)
        {
            // The order changes from round to round, so that nobody always comes after the same neighbour.
            var bare = round % 2 == 0 ? await fleet.ReplaceBare(size.Parallel, size.Minimum) : 0;
            var first = await fleet.Replace(bed.Hubs[round % 2], size.Parallel);
            var second = await fleet.Replace(bed.Hubs[1 - (round % 2)], size.Parallel);
            bare = round % 2 == 0 ? bare : await fleet.ReplaceBare(size.Parallel, size.Minimum);
            samples[bed.Hubs[round % 2]].Add(new Sample(first, bare));
            samples[bed.Hubs[1 - (round % 2)]].Add(new Sample(second, bare));
        }

        await fleet.Remove();
        foreach (var hub in bed.Hubs)
        {
            report.Add(Row.OfRounds($"replace {size.Count}, {size.Parallel} at once, {size.Title}, {hub.Name}", samples[hub], size.Gate == GateKind.None ? null : size.Count >= Many ? ManyBound : OneBound));
        }
    }

    private sealed record Case(GateKind Gate, int Count, int Parallel, int Rounds)
    {
        public string Name => $"{Gate}-{Count}-{Parallel}".ToLowerInvariant();

        public string Title => Gate switch { GateKind.Default => "default gate", GateKind.Checked => "1 s health check", _ => "no gate" };

        public Service Service => Gate == GateKind.None ? Service.WithoutGate : Service.Default;

        public TimeSpan Minimum => Gate == GateKind.Default ? DefaultMinimum : TimeSpan.Zero;

        public StoredImage Image(Testbed bed) => Gate == GateKind.Checked ? bed.Checked : bed.Plain;
    }
}
