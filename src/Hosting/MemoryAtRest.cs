using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace DeployHub.Hosting;

/// <summary>
/// Gives memory back once the host has come to rest: the runtime collects when something is allocated, and glibc keeps what the compiler freed, so
/// that what a start or a burst of work left behind would stay resident until the next one.
/// </summary>
internal sealed partial class MemoryAtRest : BackgroundService
{
    // Heartbeats, sweeps and health checks allocate less than this between two looks.
    private const long RestBytes = 4 << 20;

    // What was allocated since the last time; at rest it comes to this once in some minutes.
    private const long WorthwhileBytes = 16 << 20;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(4);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery);
        var (seen, collected) = (GC.GetTotalAllocatedBytes(), 0L);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = GC.GetTotalAllocatedBytes();
            if (now - seen < RestBytes && now - collected > WorthwhileBytes)
            {
                GiveBack();
                collected = now;
            }

            seen = now;
        }
    }

    private static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        try
        {
            _ = TrimAllocator(0);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another libc than glibc, which has nothing to trim.
        }
    }

    // malloc_trim(3).
    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int TrimAllocator(nuint keep);
}
