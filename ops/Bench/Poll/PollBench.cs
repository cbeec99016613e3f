using System.Net;
using DeployHub.Bench.Setup;

namespace DeployHub.Bench.Poll;

/// <summary>How many status polls a second are answered, to whoever has the state already and to whoever has not, against a bare server that answers the same bytes.</summary>
internal static class PollBench
{
    private const int Steps = 3;
    private const int AtOnce = 8;
    private const double ChangedBound = 0.25;
    private const double UnchangedBound = 0.5;

    public static async Task Run(Report report, bool quick)
    {
        await using var bed = await SimBed.Start(Steps);
        var town = await Town.Make(bed.Hub, "poll", bed.Engines.Endpoints);
        var plan = await bed.Hub.Deploy(await town.Image("polled", Steps), new { imageTag = "v1" });
        await bed.Hub.Ended(plan);
        await bed.Idle();

        var path = new Uri($"/api/deployment-plans/{plan}", UriKind.Relative);
        using var seen = await bed.Hub.Http.GetAsync(path);
        var file = Path.Combine(bed.Hub.Data, "polled.json");
        await File.WriteAllBytesAsync(file, await seen.Content.ReadAsByteArrayAsync());
        await using var bare = await BareServer.Start(file);
        using var bareHttp = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = bare.Address };

        var (rounds, polls) = quick ? (2, 1000) : (5, 3000);
        var bytes = seen.Content.Headers.ContentLength;
        await Measure(report, $"polls that find a change ({bytes} bytes)", rounds, polls, ChangedBound,
            () => Poll(bed.Hub.Http, path, null), () => Poll(bareHttp, new Uri("", UriKind.Relative), null));
        await Measure(report, "polls that find none (304)", rounds, polls, UnchangedBound,
            () => Poll(bed.Hub.Http, path, seen.Headers.ETag!.ToString()), () => Poll(bareHttp, new Uri("", UriKind.Relative), BareServer.Tag));
    }

    private static async Task Measure(Report report, string name, int rounds, int polls, double bound, Func<Task> ours, Func<Task> bare)
    {
        var samples = new List<Sample>();
        var latencies = new List<double>();

        // Round 0 is not counted: code is compiled in it.
        for (var round = 0; round <= rounds; round++)
        {
            var baseline = round % 2 == 0 ? await Clients.Run(AtOnce, polls, _ => bare()) : null;
            var taken = await Clients.Run(AtOnce, polls, _ => ours());
            baseline ??= await Clients.Run(AtOnce, polls, _ => bare());
            if (round > 0)
            {
                samples.Add(new Sample(taken.Rate, baseline.Rate));
                latencies.AddRange(taken.Milliseconds);
            }
        }

        report.Add(Row.OfRates($"{name}, {AtOnce} clients", samples, bound));
        report.Add(Row.OfValue($"{name}, p99", "ms", Row.Percentile(latencies, 0.99), null));
    }

    private static async Task Poll(HttpClient http, Uri path, string? known)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (known is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", known);
        }

        using var answer = await http.SendAsync(request);
        if (answer.StatusCode != (known is null ? HttpStatusCode.OK : HttpStatusCode.NotModified))
        {
            throw new InvalidOperationException($"{http.BaseAddress}{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }

        await answer.Content.ReadAsByteArrayAsync();
    }
}
