using System.Globalization;
using DeployHub.Docker;

namespace DeployHub.Worker.Engines;

/// <summary>Tells in the stream of a step's plan how a pull gets on: once a second while something changes, later every ten seconds.</summary>
public sealed class PullLog(StepLog log)
{
    private const int MostOften = 60;
    private static readonly TimeSpan AtFirst = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(10);

    /// <summary>Runs the pull and tells of it. What cannot be told is let go: the pull counts.</summary>
    public async Task Follow(StepFacts facts, Func<IProgress<PullProgress>, Task> pull, CancellationToken ct)
    {
        var state = new PullState();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var telling = Tell(facts, state, ended.Token, ct);
        try
        {
            await pull(state);
        }
        finally
        {
            await ended.CancelAsync();
            await telling;
        }
    }

    private async Task Tell(StepFacts facts, PullState state, CancellationToken ended, CancellationToken ct)
    {
        string? told = null;
        for (var often = 0; ; often++)
        {
            await Task.Delay(often < MostOften ? AtFirst : Later, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (state.Line() is { } line && line != told)
            {
                told = line;
                await log.Tell(facts, "pull", [line], ct);
            }

            if (ended.IsCancellationRequested)
            {
                return;
            }
        }
    }
}

/// <summary>Where a pull stands, layer by layer.</summary>
internal sealed class PullState : IProgress<PullProgress>
{
    private const double BytesInMegabyte = 1_000_000;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (bool Done, long Current, long Total)> _layers = [];

    public void Report(PullProgress value)
    {
        // The first line names the tag or digest where the others name a layer.
        if (value.Layer is not { } layer || value.Status.StartsWith("Pulling from", StringComparison.Ordinal))
        {
            return;
        }

        lock (_lock)
        {
            var (_, current, total) = _layers.GetValueOrDefault(layer);
            _layers[layer] = value.Status switch
            {
                "Pull complete" or "Already exists" => (true, total, total),
                "Downloading" => (false, value.Current ?? current, value.Total ?? total),
                "Download complete" or "Verifying Checksum" => (false, total, total),
                _ => (false, current, total),
            };
        }
    }

    /// <summary>In words; null while nothing is known.</summary>
    public string? Line()
    {
        lock (_lock)
        {
            if (_layers.Count == 0)
            {
                return null;
            }

            var (done, current, total) = (_layers.Values.Count(x => x.Done), _layers.Values.Sum(x => x.Current), _layers.Values.Sum(x => x.Total));
            var layers = string.Create(CultureInfo.InvariantCulture, $"{done} of {_layers.Count} layers are there");
            return total == 0 ? layers : string.Create(CultureInfo.InvariantCulture, $"{layers}, {current / BytesInMegabyte:0.0} of {total / BytesInMegabyte:0.0} MB downloaded");
        }
    }
}
