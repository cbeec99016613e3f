using System.Diagnostics;

namespace DeployHub.Bench.Setup;

/// <summary>What some clients, each with one request at a time, got done.</summary>
/// <param name="Rate">Requests in a second.</param>
/// <param name="Milliseconds">How long each took.</param>
internal sealed record Clients(double Rate, IReadOnlyList<double> Milliseconds)
{
    public double Median => Row.Median(Milliseconds);

    public double P99 => Row.Percentile(Milliseconds, 0.99);

    /// <param name="clients">How many at once.</param>
    /// <param name="requests">How many in all.</param>
    /// <param name="act">One request; it is told its number.</param>
    public static async Task<Clients> Run(int clients, int requests, Func<int, Task> act)
    {
        var (next, took) = (-1, new double[requests]);
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            await Task.Yield();
            while (Interlocked.Increment(ref next) is var number && number < requests)
            {
                var sent = Stopwatch.GetTimestamp();
                await act(number);
                took[number] = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
            }
        }));
        return new(requests / Stopwatch.GetElapsedTime(begun).TotalSeconds, took);
    }
}
