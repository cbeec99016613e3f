using DeployHub.Bench.Setup;

namespace DeployHub.Bench.Sync;

/// <summary>How fast files reach one host and several, and what files cost that are right already.</summary>
internal static class SyncBench
{
    private const int Engines = 4;
    private const int Files = 50;
    private const int FilesQuick = 20;
    private const int Small = 4 * 1024;
    private const int Large = 1024 * 1024;
    private const double OneHostBound = 1.3;
    private const double ManyHostsBound = 0.6;

    // SyncTimes.TargetsAtOnce: the parallelism that the bare client has, too.
    private const int AtOnce = 8;

    public static async Task Run(Report report, bool quick)
    {
        var engines = quick ? 1 : Engines;
        Console.Error.WriteLine($"starting {engines} engine{(engines > 1 ? "s" : "")}, PostgreSQL, RabbitMQ and DeployHub in both shapes");
        await using var bed = await SyncBed.Start(engines);
        var small = new Contents(quick ? FilesQuick : Files, Small);
        await OneHost(bed, report, small, quick ? 1 : 3);
        if (!quick)
        {
            await OneHost(bed, report, new Contents(Files, Large), 2);
        }

        // It takes minutes.
        foreach (var hub in quick ? [] : bed.Hubs)
        {
            await ManyHosts(bed, report, hub, small, 1);
        }

        foreach (var hub in bed.Hubs)
        {
            await Unchanged(bed, report, hub, small);
        }
    }

    private static async Task OneHost(SyncBed bed, Report report, Contents contents, int rounds)
    {
        var name = $"one-{contents.Bytes}";
        var bare = new BareFiles(bed.Hosts[0], bed.Hosts[0].Make($"{name}-bare"), contents);
        var sets = await Task.WhenAll(bed.Hubs.Select(hub => FileSet.Make(hub, name, contents, [bed.Hosts[0]])));
        var samples = sets.Select(_ => new List<Sample>()).ToArray();

        // Round 0 makes the files and is not counted: code is compiled in it, and from then on files are replaced.
        for (var round = 0; round <= rounds; round++)
        {
            // The order changes from round to round, so that nobody always comes after the same neighbour.
            foreach (var set in sets)
            {
                await set.Change(round);
            }

            var before = round % 2 == 0 ? await bare.Write(round, AtOnce) : 0;
            var first = round % 2;
            var took = new double[sets.Length];
            took[first] = await sets[first].Sync(round);
            took[1 - first] = await sets[1 - first].Sync(round);
            before = round % 2 == 0 ? before : await bare.Write(round, AtOnce);
            for (var i = 0; i < sets.Length && round > 0; i++)
            {
                samples[i].Add(new Sample(took[i], before));
            }
        }

        foreach (var (hub, rows) in bed.Hubs.Zip(samples))
        {
            report.Add(Row.OfRounds($"{contents.Count} files of {contents.Size} to one server, {hub.Name}", rows, OneHostBound));
        }
    }

    private static async Task ManyHosts(SyncBed bed, Report report, Hub hub, Contents contents, int rounds)
    {
        var together = await FileSet.Make(hub, "together", contents, [.. bed.Hosts]);
        var single = await Task.WhenAll(bed.Hosts.Select(host => FileSet.Make(hub, $"alone-{host.Name}", contents, [host])));
        var samples = new List<Sample>();
        for (var round = 0; round <= rounds; round++)
        {
            await together.Change(round);
            var all = round % 2 == 0 ? await together.Sync(round) : 0;
            var oneByOne = 0.0;
            foreach (var set in single)
            {
                await set.Change(round);
                oneByOne += await set.Sync(round);
            }

            all = round % 2 == 0 ? all : await together.Sync(round);
            if (round > 0)
            {
                samples.Add(new Sample(all, oneByOne));
            }
        }

        report.Add(Row.OfRounds($"{contents.Count} files of {contents.Size} to each of {bed.Hosts.Count} servers, against one after another, {hub.Name}", samples, ManyHostsBound));
    }

    private static async Task Unchanged(SyncBed bed, Report report, Hub hub, Contents contents)
    {
        var set = await FileSet.Make(hub, "unchanged", contents, [bed.Hosts[0]], noted: true);
        await set.Sync(0);
        var before = bed.Hosts[0].Proxy.Calls.Count;
        var took = await set.Sync(0, "unchanged");
        var calls = bed.Hosts[0].Proxy.Calls.Skip(before).ToList();
        var touching = calls.Where(x => x.Contains("/archive?", StringComparison.Ordinal) || x.Contains("/exec", StringComparison.Ordinal)).ToList();
        Console.Error.WriteLine($"  {contents.Count} unchanged files: {took:0.00} s, {calls.Count} calls, of them {touching.Count} archive and exec");
        report.Add(Row.OfValue($"reads, writes and execs for an unchanged file, {hub.Name}", "calls", (double)touching.Count / contents.Count, 1));
        report.Add(Row.OfValue($"all Engine calls for an unchanged file, {hub.Name}", "calls", (double)calls.Count / contents.Count, null));
    }
}
