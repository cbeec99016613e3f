namespace DeployHub.Persistence.Messaging;

/// <summary>A wait that ends at the earliest of the times it was told, at a signal, or at a bound.</summary>
public sealed class Wake
{
    private readonly Lock _lock = new();
    private DateTime _next = DateTime.MaxValue;
    private TaskCompletionSource _told = New();

    /// <summary>Ends the wait at <paramref name="time"/> (UTC) at the latest.</summary>
    public void At(DateTime time)
    {
        lock (_lock)
        {
            if (time < _next)
            {
                _next = time;
                _told.TrySetResult();
            }
        }
    }

    /// <summary>Ends the wait now.</summary>
    public void Now() => At(DateTime.MinValue);

    /// <summary>Waits, at most for <paramref name="bound"/>.</summary>
    public async Task Wait(TimeSpan bound, CancellationToken ct)
    {
        var end = DateTime.UtcNow + bound;
        while (true)
        {
            Task told;
            TimeSpan left;
            lock (_lock)
            {
                var next = _next < end ? _next : end;
                left = next - DateTime.UtcNow;
                if (left <= TimeSpan.Zero)
                {
                    _next = DateTime.MaxValue;
                    return;
                }

                if (_told.Task.IsCompleted)
                {
                    _told = New();
                }

                told = _told.Task;
            }

            using var timer = CancellationTokenSource.CreateLinkedTokenSource(ct);
            await Task.WhenAny(told, Task.Delay(left, timer.Token));
            await timer.CancelAsync();
            ct.ThrowIfCancellationRequested();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
