using DeployHub.Api.Http;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Streams;

/// <summary>Holds an answer until the plan or batch has ended, if the caller prefers so. It is woken by the end, and asks the database nothing before.</summary>
internal sealed class PreferredWait(DeployHubDb db, LiveStreams live)
{
    /// <summary>Whether the caller preferred to wait; then the plan has ended, is not there, or the time is over.</summary>
    public Task<bool> ForPlan(HttpContext http, Guid id, CancellationToken ct) => For(http, id, UnderWay, ct);

    /// <summary>The same for a batch.</summary>
    public Task<bool> ForBatch(HttpContext http, Guid id, CancellationToken ct) => For(http, id, BatchUnderWay, ct);

    private async Task<bool> For(HttpContext http, Guid id, Func<Guid, CancellationToken, Task<bool>> isUnderWay, CancellationToken ct)
    {
        if (WaitPreference.Of(http.Request) is not { } seconds)
        {
            return false;
        }

        var end = Environment.TickCount64 + (seconds * 1000L);
        using var wait = live.WaitForEnd(id);
        for (var next = wait.Next(); await isUnderWay(id, ct) && end - Environment.TickCount64 is > 0 and var left; next = wait.Next())
        {
            await next.WaitAsync(TimeSpan.FromMilliseconds(left), ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ct.ThrowIfCancellationRequested();
        }

        http.Response.Headers["Preference-Applied"] = $"wait={seconds}";
        return true;
    }

    private async Task<bool> UnderWay(Guid id, CancellationToken ct) =>
        await db.Plans.Where(x => x.Id == id).Select(x => (PlanStatus?)x.Status).FirstOrDefaultAsync(ct) is { } status && !status.HasEnded();

    private async Task<bool> BatchUnderWay(Guid id, CancellationToken ct) =>
        await db.SyncBatches.Where(x => x.Id == id).Select(x => (BatchStatus?)x.Status).FirstOrDefaultAsync(ct) is { } status && !status.HasEnded();
}
