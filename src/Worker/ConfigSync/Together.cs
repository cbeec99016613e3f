using DeployHub.Docker;

namespace DeployHub.Worker.ConfigSync;

/// <summary>
/// Sends one call at a time, and with it everything that came while the one before was under way: to an engine a call costs far more than
/// what it carries. Nobody waits for company.
/// </summary>
/// <param name="send">Gives an answer for each item in their order, or fails for all of them.</param>
/// <param name="bytesOf">How much of a call an item takes.</param>
internal sealed class Together<TItem, TAnswer>(Func<IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<TAnswer>>> send, Func<TItem, int> bytesOf)
{
    private const int MostItems = 16;
    private const int MostBytes = 8 * 1024 * 1024;
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private bool _sending;

    public bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return !_sending;
            }
        }
    }

    /// <summary>The item's own answer, or what its call failed with. A call that was broken off for another's sake is a lost one.</summary>
    /// <param name="item">What is sent.</param>
    /// <param name="ct">Breaks the call off; no call with the item in it outlives this.</param>
    public Task<TAnswer> Send(TItem item, CancellationToken ct)
    {
        var mine = new Waiting(item, ct);
        lock (_lock)
        {
            _waiting.Enqueue(mine);
            if (_sending)
            {
                return mine.Answer.Task;
            }

            _sending = true;
        }

        // It ends with the queue, and tells whatever happens to those who wait.
        _ = SendAll();
        return mine.Answer.Task;
    }

    private async Task SendAll()
    {
        while (Next() is { Count: > 0 } next)
        {
            await Send(next);
        }
    }

    private List<Waiting> Next()
    {
        var next = new List<Waiting>();
        var bytes = 0;
        lock (_lock)
        {
            while (next.Count < MostItems && _waiting.TryPeek(out var first) && (next.Count == 0 || bytes + bytesOf(first.Item) <= MostBytes))
            {
                bytes += bytesOf(first.Item);
                next.Add(_waiting.Dequeue());
            }

            _sending = next.Count > 0;
        }

        return next;
    }

    private async Task Send(List<Waiting> items)
    {
        using var any = CancellationTokenSource.CreateLinkedTokenSource([.. items.Select(x => x.Ct)]);
        try
        {
            var answers = await send(items.ConvertAll(x => x.Item), any.Token);
            for (var i = 0; i < items.Count; i++)
            {
                items[i].Answer.SetResult(answers[i]);
            }
        }
        catch (Exception e) when (items.Count > 1 && e is EngineServerException or EngineBadRequestException)
        {
            // The refusal is for one of them: alone, each gets its own.
            foreach (var item in items)
            {
                await Send([item]);
            }
        }
        catch (Exception e)
        {
            items.ForEach(x => x.Answer.SetException(x.Ct.IsCancellationRequested || e is not OperationCanceledException
                ? e
                : new EngineResponseLostException("A call that was shared with another file was broken off for that one's sake; it may or may not have been done.", e)));
        }
    }

    private sealed record Waiting(TItem Item, CancellationToken Ct)
    {
        public TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
