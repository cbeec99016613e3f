using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigSync;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.ConfigSync;

/// <summary>Holds an answer until the batch has ended (<c>Prefer: wait=N</c>, RFC 7240). Asks for one word at a time, soon at first: most batches are short.</summary>
internal sealed class BatchWait(DeployHubDb db)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns when the batch has ended, is not there, or the time is over.</summary>
    public async Task UntilEnded(Guid id, TimeSpan longest, CancellationToken ct)
    {
        var end = Environment.TickCount64 + (long)longest.TotalMilliseconds;
        var pause = ShortestPause;
        while (await db.SyncBatches.Where(batch => batch.Id == id).Select(batch => (BatchStatus?)batch.Status).FirstOrDefaultAsync(ct) is { } status
            && !status.HasEnded() && end - Environment.TickCount64 is > 0 and var left)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(left, pause.TotalMilliseconds)), ct);
            pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
        }
    }
}
