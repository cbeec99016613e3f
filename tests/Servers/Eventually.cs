using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace DeployHub.Servers;

/// <summary>Waits for a state with a deadline. The only place in the tests that looks again after a pause.</summary>
public static class Eventually
{
    /// <summary>The deadline where none is given: 60 seconds.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until <paramref name="condition"/> holds. <paramref name="state"/> is read for the failure message.</summary>
    /// <exception cref="TimeoutException">It did not hold in time; the message carries the last state seen.</exception>
    public static async Task True(
        Func<Task<bool>> condition,
        TimeSpan? within = null,
        Func<Task<string>>? state = null,
        [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        try
        {
            await Value(condition, held => held, within, what);
        }
        catch (TimeoutException timeout) when (state is not null)
        {
            throw new TimeoutException($"{timeout.Message}{Environment.NewLine}State: {await state()}", timeout);
        }
    }

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    public static Task True(Func<bool> condition, TimeSpan? within = null, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        True(() => Task.FromResult(condition()), within, state: null, what);

    /// <summary>Waits until <paramref name="read"/> gives <paramref name="expected"/>.</summary>
    public static Task Equal<T>(T expected, Func<Task<T>> read, TimeSpan? within = null, [CallerArgumentExpression(nameof(read))] string what = "") =>
        Value(read, seen => EqualityComparer<T>.Default.Equals(seen, expected), within, $"{what} to be {expected}");

    /// <summary>Waits until <paramref name="read"/> gives a value that <paramref name="accepts"/> takes, and returns that value.
    /// An exception of <paramref name="read"/> is a state like any other: it is asked again.</summary>
    /// <exception cref="TimeoutException">No such value came in time; the message carries the last state seen.</exception>
    public static async Task<T> Value<T>(
        Func<Task<T>> read,
        Func<T, bool> accepts,
        TimeSpan? within = null,
        [CallerArgumentExpression(nameof(accepts))] string what = "")
    {
        var deadline = within ?? Deadline;
        var watch = Stopwatch.StartNew();
        var pause = ShortestPause;
        while (true)
        {
            string last;
            Exception? failure = null;
            try
            {
                var seen = await read();
                if (accepts(seen))
                {
                    return seen;
                }

                last = seen?.ToString() ?? "null";
            }
            catch (Exception thrown) when (thrown is not OutOfMemoryException)
            {
                (last, failure) = ($"{thrown.GetType().Name}: {thrown.Message}", thrown);
            }

            if (watch.Elapsed >= deadline)
            {
                throw new TimeoutException($"Waited {watch.Elapsed.TotalSeconds:F1} s for: {what}{Environment.NewLine}Last seen: {last}", failure);
            }

            await Task.Delay(pause);
            pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause;
        }
    }
}
