using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Chaos;

/// <summary>
/// Listens to the engines: which containers were started for which step. A step of which two were there at once was done twice; one that its
/// engine refused for ever, and that was removed before another was made in its place, was not.
/// </summary>
internal sealed class StepWatch : IAsyncDisposable
{
    private const string StepLabel = "deployhub.step";
    private const string EventFilters = "{\"type\":[\"container\"],\"event\":[\"start\",\"destroy\"],\"label\":[\"deployhub.step\"]}";
    private const long NanosecondsASecond = 1_000_000_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentDictionary<string, byte> _doneTwice = new();
    private readonly Task _listening;

    public StepWatch(IEnumerable<DockerEngine> engines) => _listening = Task.WhenAll(engines.Select(engine => Task.Run(() => Listen(engine))));

    public IEnumerable<string> DoneTwice => _doneTwice.Keys;

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _listening;
        _ended.Dispose();
    }

    // A step stays at its engine, so each engine's starts are told apart on their own.
    private async Task Listen(DockerEngine engine)
    {
        using var http = UnixHttp.Client(engine.Uri.LocalPath);
        http.Timeout = Timeout.InfiniteTimeSpan;
        var (standing, since) = (new Dictionary<string, Standing>(), "0");
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                // What happened between the engine's start and the first look is told as well.
                using var events = new StreamReader(await http.GetStreamAsync(
                    new Uri($"http://engine/events?since={since}&filters={Uri.EscapeDataString(EventFilters)}"), _ended.Token));
                while (await events.ReadLineAsync(_ended.Token) is { } line)
                {
                    var told = JsonNode.Parse(line)!;
                    await Note(http, standing, (string)told["Action"]!, (string)told["Actor"]!["ID"]!, (string)told["Actor"]!["Attributes"]![StepLabel]!);
                    var next = (long)told["timeNano"]! + 1;
                    since = $"{next / NanosecondsASecond}.{next % NanosecondsASecond:D9}";
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or JsonException)
            {
                // The engine was killed; it is listened to again as soon as it is back.
            }

            await Task.Delay(Pause, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Note(HttpClient http, Dictionary<string, Standing> steps, string action, string container, string step)
    {
        if (!steps.TryGetValue(step, out var standing))
        {
            steps.Add(step, standing = new Standing([], []));
        }

        if (action == "destroy")
        {
            // It was still there when the next one started, though it was gone when that was asked.
            if (standing.Gone.Remove(container))
            {
                _doneTwice[step] = 0;
            }

            standing.Containers.Remove(container);
            return;
        }

        // The removal of one that an engine was killed over may never be told.
        foreach (var earlier in standing.Containers.Where(x => x != container).ToList())
        {
            if (await IsThere(http, earlier))
            {
                _doneTwice[step] = 0;
            }
            else
            {
                standing.Containers.Remove(earlier);
                standing.Gone.Add(earlier);
            }
        }

        standing.Containers.Add(container);
    }

    private async Task<bool> IsThere(HttpClient http, string container)
    {
        using var answer = await http.GetAsync(new Uri($"http://engine/containers/{container}/json"), _ended.Token);
        return answer.StatusCode != System.Net.HttpStatusCode.NotFound;
    }

    /// <summary>The containers of one step that were started.</summary>
    /// <param name="Containers">Those that are there.</param>
    /// <param name="Gone">Those that are not, whose removal was not told.</param>
    private sealed record Standing(HashSet<string> Containers, HashSet<string> Gone);
}
