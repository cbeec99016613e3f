using Microsoft.Extensions.DependencyInjection;

namespace DeployHub.Persistence;

/// <summary>
/// Reads by key for all who ask at the same time: while a read is under way, whoever comes waits for the next one, which is for all of them. What
/// they are given was read after they had asked, so it is as true as a read of their own, and many who poll cost little more than one.
/// </summary>
/// <typeparam name="TKey">What is asked for.</typeparam>
/// <typeparam name="TValue">What is there. Whoever asked for the same shares it, so it is not to be changed.</typeparam>
/// <param name="scopes">Each read has a context of its own.</param>
/// <param name="read">Reads what there is of some keys; what is missing in its answer is not there.</param>
public sealed class SharedReads<TKey, TValue>(IServiceScopeFactory scopes, Func<DeployHubDb, IReadOnlyCollection<TKey>, Task<Dictionary<TKey, TValue>>> read)
    where TKey : notnull
    where TValue : class
{
    // Nobody waits for longer than this for a read that is not theirs: its connection may be broken.
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private Batch _next = new();
    private bool _reading;

    /// <summary>What is there now; null when nothing is.</summary>
    public async Task<TValue?> Find(TKey key, CancellationToken ct)
    {
        Batch mine;
        bool first;
        lock (_lock)
        {
            (mine, first, _reading) = (_next, !_reading, true);
            mine.Keys.Add(key);
        }

        if (first)
        {
            // It ends with the queue, and tells whatever happens to those who wait.
            _ = ReadAll();
        }

        return (await mine.Found.Task.WaitAsync(ct)).GetValueOrDefault(key);
    }

    private async Task ReadAll()
    {
        while (Next() is { } batch)
        {
            // On a thread of its own: SQLite reads without ever giving its thread back, and whoever came first would read for all who come after.
            await Task.Run(() => Read(batch)).WaitAsync(Slow).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Batch? Next()
    {
        lock (_lock)
        {
            _reading = _next.Keys.Count > 0;
            if (!_reading)
            {
                return null;
            }

            var batch = _next;
            _next = new Batch();
            return batch;
        }
    }

    private async Task Read(Batch batch)
    {
        try
        {
            batch.Found.SetResult(await ReadInScope(batch.Keys));
        }
        catch (Exception e)
        {
            batch.Found.SetException(e);
        }
    }

    private async Task<Dictionary<TKey, TValue>> ReadInScope(HashSet<TKey> keys)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<DeployHubDb>(), keys);
    }

    private sealed class Batch
    {
        public HashSet<TKey> Keys { get; } = [];

        public TaskCompletionSource<Dictionary<TKey, TValue>> Found { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
