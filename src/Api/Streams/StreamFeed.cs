using DeployHub.Persistence.Streams;

namespace DeployHub.Api.Streams;

/// <summary>What a watcher finds behind the entry that it has.</summary>
/// <param name="Frames">What comes next; null when it is not held any more and has to be read from the table.</param>
/// <param name="Last">The number of the last entry that is known here.</param>
/// <param name="More">Completes when there is more.</param>
internal sealed record FeedLook(IReadOnlyList<StreamFrame>? Frames, long Last, Task More);

/// <summary>
/// One stream as this process knows it, shared by all who watch it here: each new entry is read and made into bytes once. Only the last few are
/// held: who is slow reads from the table, at its own pace, so that a watcher costs no memory that grows.
/// </summary>
internal sealed class StreamFeed(Guid id, StreamSubject subject)
{
    private const int MostBytesHeld = 16 * 1024;
    private readonly Lock _lock = new();
    private readonly Queue<StreamFrame> _recent = new();
    private int _bytes;
    private long _last = -1;
    private TaskCompletionSource _more = New();
    private (long Number, Task<byte[]> Event)? _done;

    public Guid Id => id;

    public StreamSubject Subject => subject;

    /// <summary>How many watch; changed only under the lock of <see cref="LiveStreams"/>.</summary>
    public int Watchers { get; set; }

    /// <summary>The number of the last entry that is known here; negative before <see cref="StartAt"/>.</summary>
    public long Last
    {
        get
        {
            lock (_lock)
            {
                return _last;
            }
        }
    }

    /// <summary>Everything up to this entry is in the table; the first who watches says so.</summary>
    public void StartAt(long head)
    {
        lock (_lock)
        {
            _last = _last < 0 ? head : _last;
        }
    }

    /// <summary>Takes what was read behind <see cref="Last"/>.</summary>
    public void Add(StreamEntry entry)
    {
        var frame = subject.Frame(entry);
        lock (_lock)
        {
            if (frame.Number <= _last)
            {
                return;
            }

            _last = frame.Number;
            _recent.Enqueue(frame);
            _bytes += frame.Bytes.Length;
            while (_bytes > MostBytesHeld && _recent.Count > 1)
            {
                _bytes -= _recent.Dequeue().Bytes.Length;
            }

            _more.TrySetResult();
        }
    }

    public FeedLook LookBehind(long number)
    {
        lock (_lock)
        {
            if (_more.Task.IsCompleted)
            {
                _more = New();
            }

            var isHeld = number >= _last || (_recent.TryPeek(out var oldest) && oldest.Number <= number + 1);
            return new FeedLook(isHeld ? [.. _recent.Where(x => x.Number > number)] : null, _last, _more.Task);
        }
    }

    /// <summary>The event of an end, which holds all of the subject: made once for all who watch.</summary>
    public Task<byte[]> Done(long number, Func<Task<byte[]>> make)
    {
        lock (_lock)
        {
            if (_done is not { } done || done.Number != number || done.Event.IsFaulted || done.Event.IsCanceled)
            {
                _done = (number, make());
            }

            return _done.Value.Event;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
