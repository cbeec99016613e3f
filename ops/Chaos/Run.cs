using System.Diagnostics;
using DeployHub.Servers;

namespace DeployHub.Chaos;

/// <summary>One run: the stack is started, asked and killed; when all is settled, every word of the API is compared with what is there.</summary>
internal static class Run
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(40);
    private static readonly TimeSpan ToSettle = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ToCleanUp = TimeSpan.FromSeconds(90);

    public static async Task<Result> Chaos(Options options)
    {
        Screen.Progress($"starting {(options.Standalone ? "DeployHub" : "PostgreSQL, RabbitMQ, an Api, two Workers")}, two engines and a registry");
        await using var stack = await Stack.Start(options.Standalone);
        var town = await Town.Build(stack);
        var begun = Stopwatch.GetTimestamp();
        await using var steps = new StepWatch(stack.Engines);
        using var traffic = new Traffic(stack, town, options);
        var monkey = new Monkey(stack, options);
        using var late = new CancellationTokenSource(Longest);
        var asking = traffic.Run(monkey.Turn, late.Token);
        await monkey.Run();
        Screen.Progress("no more kills; waiting for what is still under way");
        late.CancelAfter(ToSettle);
        using var settled = new CancellationTokenSource();
        var supervising = monkey.Supervise(settled.Token);
        await asking;
        await settled.CancelAsync();
        await supervising;

        Screen.Progress("comparing what the API says with what the engines and hosts hold");
        var truth = new ContainerTruth(stack, town, traffic, monkey.Kills);
        var containers = await SettledContainers(truth, traffic);
        var result = new Result(options, stack, traffic, monkey, Stopwatch.GetElapsedTime(begun));
        result.Tell("containers that a killed engine left lying", truth.LeftByEngine);
        result.None("refused", [.. traffic.Requests.Where(x => x.Refused is not null).Select(x => $"{x.Refused!.Status} {x.Refused.Body?.ToJsonString()}")]);
        result.None("lost", [.. traffic.Requests.Where(x => x.Id is not null && x.Last is null).Select(x => x.Path), .. await Ghosts(stack, town, traffic)]);
        result.None("stuck", [.. traffic.Requests.Where(x => x.Last is not null && !x.HasEnded).Select(x => $"{x.Path} is {x.Status}")]);
        result.None("doubled steps", [.. steps.DoneTwice]);
        result.None("wrong statuses", new StatusTruth(traffic, monkey.Kills).Findings());
        result.None("containers out of place", containers);
        result.None("files out of place", new FileTruth(stack, town, traffic).Findings());
        if (!result.Passed && options.JsonFile is { } file)
        {
            await Result.SaveLogs(stack, Path.ChangeExtension(file, ".log"));
        }

        return result;
    }

    // A completed plan's former containers are removed after its completion is told.
    private static async Task<List<string>> SettledContainers(ContainerTruth truth, Traffic traffic)
    {
        var last = new List<string>();
        try
        {
            await Eventually.Value(
                async () =>
                {
                    await traffic.Refresh();
                    return last = await truth.Findings();
                },
                findings => findings.Count == 0,
                ToCleanUp);
        }
        catch (TimeoutException)
        {
            // What is still not as it should be is what is reported.
        }

        return last;
    }

    // A plan that nobody asked for is a request that was accepted twice.
    private static async Task<IEnumerable<string>> Ghosts(Stack stack, Town town, Traffic traffic)
    {
        var (known, ghosts) = (traffic.Requests.Select(x => x.Id).ToHashSet(), new List<string>());
        string? cursor = null;
        do
        {
            var page = (await stack.Api.Get($"/api/environments/{town.EnvironmentId}/deployment-plans?limit=100{(cursor is null ? "" : $"&cursor={cursor}")}")).Body!;
            ghosts.AddRange(page["plans"]!.AsArray().Select(x => (string)x!["id"]!).Where(x => !known.Contains(x)).Select(x => $"/api/deployment-plans/{x} was never asked for"));
            cursor = (string?)page["nextCursor"];
        }
        while (cursor is not null);
        return ghosts;
    }
}
