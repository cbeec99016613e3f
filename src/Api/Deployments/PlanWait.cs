using System.Globalization;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Deployments;

/// <summary>Holds a poll until the plan has ended (<c>Prefer: wait=N</c>, RFC 7240). Asks for one word every half second.</summary>
internal sealed class PlanWait(DeployHubDb db)
{
    private const int LongestSeconds = 60;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>The seconds that the caller prefers to wait, 1 to 60. What cannot be honoured is passed over, as preferences are.</summary>
    public static int? Preferred(HttpRequest request)
    {
        foreach (var preference in request.Headers["Prefer"].SelectMany(header => (header ?? "").Split(',')))
        {
            var parts = preference.Split(';')[0].Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts is [var name, var value] && name.Equals("wait", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= LongestSeconds)
            {
                return seconds;
            }
        }

        return null;
    }

    /// <summary>Returns when the plan has ended, is not there, or the time is over.</summary>
    public async Task UntilEnded(Guid id, TimeSpan longest, CancellationToken ct)
    {
        var end = Environment.TickCount64 + (long)longest.TotalMilliseconds;
        while (await db.Plans.Where(plan => plan.Id == id).Select(plan => (PlanStatus?)plan.Status).FirstOrDefaultAsync(ct) is { } status
            && !status.HasEnded() && end - Environment.TickCount64 is > 0 and var left)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(left, Pause.TotalMilliseconds)), ct);
        }
    }
}
