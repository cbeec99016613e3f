using DeployHub.Bench.Deploy;
using DeployHub.Bench.Many;
using DeployHub.Bench.Peers;
using DeployHub.Bench.Poll;
using DeployHub.Bench.Resident;
using DeployHub.Bench.Start;
using DeployHub.Bench.Steps;
using DeployHub.Bench.Submit;
using DeployHub.Bench.Sync;

namespace DeployHub.Bench;

/// <summary>The sub-commands, in the order in which <c>all</c> runs them: what says most in least time comes first.</summary>
internal static class Benches
{
    private const string All = "all";
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(39);
    private static readonly TimeSpan LongestQuick = TimeSpan.FromMinutes(4.8);

    private static readonly (string Name, Func<Report, bool, Task> Run)[] Each =
    [
        ("start", StartBench.Run), ("poll", PollBench.Run), ("submit", SubmitBench.Run), ("steps", StepsBench.Run), ("many", ManyBench.Run), ("memory", MemoryBench.Run),
        ("peers", PeersBench.Run), ("sync", SyncBench.Run), ("deploy", DeployBench.Run),
    ];

    // What all have no time for.
    private static readonly (string Name, Func<Report, bool, Task> Run)[] Alone = [("deploy-long", DeployBench.RunLong)];

    public static IEnumerable<string> Names => [.. Each.Concat(Alone).Select(bench => bench.Name), All];

    public static async Task<Report> Run(string command, bool quick)
    {
        var report = new Report();
        if (command != All)
        {
            await Each.Concat(Alone).Single(bench => bench.Name == command).Run(report, quick);
            return report;
        }

        using var late = new CancellationTokenSource(quick ? LongestQuick : Longest);
        foreach (var (name, run) in Each)
        {
            Console.Error.WriteLine($"== {name}");
            try
            {
                late.Token.ThrowIfCancellationRequested();
                // What is cut off is ended with the process, servers included.
                await run(report, quick).WaitAsync(late.Token);
            }
            catch (OperationCanceledException) when (late.IsCancellationRequested)
            {
                report.Add(Row.NotMeasured(name, "or not wholly: the time is over"));
            }
            catch (Exception e)
            {
                // The others can still be measured.
                Console.Error.WriteLine(e);
                report.Add(Row.NotMeasured(name, e.Message.Split('\n')[0]));
            }
        }

        return report;
    }
}
