using System.Text.Json.Nodes;

namespace DeployHub.Bench.Setup;

/// <summary>Tells when containers are gone, from the engine's events: asking for it would cost time that is being measured.</summary>
internal sealed class Removals : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _lock = new();
    private readonly Task _reading;
    private readonly Dictionary<string, TaskCompletionSource> _awaited = [];

    private Removals(StreamReader events) => _reading = Read(events);

    public static async Task<Removals> Watch(RawEngine engine) => new(await engine.RemovalEvents(CancellationToken.None));

    /// <summary>Ends when the engine has removed all of them, which it has not done yet.</summary>
    public Task Of(IEnumerable<string> ids)
    {
        lock (_lock)
        {
            return Task.WhenAll(ids.Select(id => (_awaited[id] = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task).ToArray());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _reading;
        _ended.Dispose();
    }

    private async Task Read(StreamReader events)
    {
        using (events)
        {
            try
            {
                while (await events.ReadLineAsync(_ended.Token) is { } line)
                {
                    Note((string)JsonNode.Parse(line)!["Actor"]!["ID"]!);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // The run is over, or the engine is: whoever waits has a deadline.
            }
        }
    }

    private void Note(string id)
    {
        lock (_lock)
        {
            if (_awaited.Remove(id, out var gone))
            {
                gone.SetResult();
            }
        }
    }
}
