namespace DeployHub.Api.Streams;

/// <summary>Who waits for the end of a plan or batch in this process. A wait costs no read until there is an end.</summary>
internal sealed class EndWaits
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Waiting> _waits = [];

    public List<Guid> Ids
    {
        get
        {
            lock (_lock)
            {
                return [.. _waits.Keys];
            }
        }
    }

    public EndWait Begin(Guid id)
    {
        lock (_lock)
        {
            var waiting = _waits.GetValueOrDefault(id) ?? (_waits[id] = new Waiting());
            waiting.Count++;
            return new EndWait(() => Next(waiting), () => Leave(id, waiting));
        }
    }

    /// <summary>Wakes whoever waits for this.</summary>
    public void Wake(Guid id)
    {
        lock (_lock)
        {
            _waits.GetValueOrDefault(id)?.Ended.TrySetResult();
        }
    }

    private Task Next(Waiting waiting)
    {
        lock (_lock)
        {
            return (waiting.Ended = waiting.Ended.Task.IsCompleted ? New() : waiting.Ended).Task;
        }
    }

    private void Leave(Guid id, Waiting waiting)
    {
        lock (_lock)
        {
            if (--waiting.Count == 0)
            {
                _waits.Remove(id);
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Waiting
    {
        public int Count { get; set; }

        public TaskCompletionSource Ended { get; set; } = New();
    }
}

/// <summary>One who waits, until it is disposed.</summary>
internal sealed class EndWait(Func<Task> next, Action leave) : IDisposable
{
    /// <summary>Completes at the next end that is told; take it before you look whether there is one already.</summary>
    public Task Next() => next();

    public void Dispose() => leave();
}
