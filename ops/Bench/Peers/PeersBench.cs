using System.Globalization;

namespace DeployHub.Bench.Peers;

/// <summary>The same work by DeployHub and by Docker Swarm, one after the other on one engine: a good release, and a failing one until every container is back.</summary>
internal static class PeersBench
{
    private const double OneByOneBound = 0.5;
    private const double AtOnceBound = 0.85;
    private const double FailureBound = 0.5;

    // The size at which what bounds nothing is measured, too; a quick run has no time for it.
    private const int Informative = 5;

    // Sizes, parallelism, and rounds: what takes minutes varies little.
    private static readonly (int Count, int Parallel, int Rounds)[] Full = [(5, 1, 5), (5, 8, 5), (20, 1, 1), (20, 8, 1)];
    private static readonly (int Count, int Parallel, int Rounds)[] Quick = [(5, 8, 1)];

    public static async Task Run(Report report, bool quick)
    {
        await using var bed = await PeerBed.Start();
        foreach (var sizes in (quick ? Quick : Full).GroupBy(size => size.Count))
        {
            await Measure(bed, report, sizes.Key, [.. sizes.Select(size => (size.Parallel, size.Rounds))], !quick && sizes.Key == Informative);
        }

        if (quick)
        {
            return;
        }

        report.Add(Row.OfValue(Named("docker-compose up -d, which does not wait for health,", Informative), "s", await OtherPeers.Compose(bed, Informative), null));
        report.Add(Row.OfValue(Named("docker rm and run in a loop", Informative), "s", await OtherPeers.Loop(bed, Informative), null));
    }

    private static async Task Measure(PeerBed bed, Report report, int count, (int Parallel, int Rounds)[] sizes, bool informative)
    {
        var (hub, swarm) = (new HubPeer(bed, Name("hub", count), count), new SwarmPeer(bed, Name("swarm", count), count));
        await hub.Create();
        await swarm.Create();

        // The first release of each is not counted: code is compiled in it.
        await hub.Release(8);
        await swarm.Release(8);
        foreach (var (parallel, rounds) in sizes)
        {
            var good = await Rounds(rounds, () => hub.Release(parallel), () => swarm.Release(parallel));
            report.Add(Row.OfRounds(Named($"good release, {parallel} at once, against Swarm,", count), good, parallel == 1 ? OneByOneBound : AtOnceBound));
            var failing = await Rounds(rounds, () => hub.Fail(parallel), () => swarm.Fail(parallel));
            report.Add(Row.OfRounds(Named($"failing release until all are back, {parallel} at once, against Swarm,", count), failing, FailureBound));
            if (informative)
            {
                var bare = await OtherPeers.Bare(bed, count, parallel);
                report.Add(Row.OfValue(Named($"the Engine calls alone, good release, {parallel} at once,", count), "s", bare.Good, null));
                report.Add(Row.OfValue(Named($"the Engine calls alone, failing release, {parallel} at once,", count), "s", bare.Failing, null));
            }
        }

        await hub.Remove();
        await swarm.Remove();
    }

    private static async Task<List<Sample>> Rounds(int rounds, Func<Task<double>> ours, Func<Task<double>> peer)
    {
        var samples = new List<Sample>();
        for (var round = 0; round < rounds; round++)
        {
            var theirs = round % 2 == 0 ? await peer() : 0;
            var took = await ours();
            samples.Add(new Sample(took, round % 2 == 0 ? theirs : await peer()));
        }

        return samples;
    }

    private static string Name(string who, int count) => string.Create(CultureInfo.InvariantCulture, $"{who}-{count}");

    private static string Named(string what, int count) => string.Create(CultureInfo.InvariantCulture, $"{what} {count} containers");
}
