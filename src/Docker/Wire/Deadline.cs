using System.Diagnostics;

namespace DeployHub.Docker;

/// <summary>When to give up: at the caller's wish, after a time without progress, or after a time in all.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly TimeSpan _idle;
    private readonly TimeSpan _total;
    private readonly long _start = Stopwatch.GetTimestamp();

    public Deadline(TimeSpan total, CancellationToken caller) : this(total, total, caller) { }

    public Deadline(TimeSpan idle, TimeSpan total, CancellationToken caller)
    {
        Caller = caller;
        _idle = idle < total ? idle : total;
        _total = total;
        _source = CancellationTokenSource.CreateLinkedTokenSource(caller);
        _source.CancelAfter(_idle);
    }

    /// <summary>The caller's own wish.</summary>
    public CancellationToken Caller { get; }

    /// <summary>Either.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>What ran out, for messages.</summary>
    public string Passed => Stopwatch.GetElapsedTime(_start) < _total && _idle < _total
        ? $"{_idle.TotalSeconds:0.###} s without progress"
        : $"{_total.TotalSeconds:0.###} s";

    /// <summary>There was progress: the time without it starts anew, the time in all goes on.</summary>
    public void Progressed()
    {
        var left = _total - Stopwatch.GetElapsedTime(_start);
        var next = left < _idle ? left : _idle;
        _source.CancelAfter(next > TimeSpan.Zero ? next : TimeSpan.Zero);
    }

    public void Dispose() => _source.Dispose();
}
