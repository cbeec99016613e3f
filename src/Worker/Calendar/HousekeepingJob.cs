using DeployHub.Persistence.History;
using DeployHub.Persistence.Messaging;
using Quartz;

namespace DeployHub.Worker.Calendar;

/// <summary>Every hour: see <see cref="Housekeeping"/> and <see cref="OldHistory"/>.</summary>
[DisallowConcurrentExecution]
public sealed partial class HousekeepingJob(Housekeeping housekeeping, OldHistory history, ILogger<HousekeepingJob> log) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await housekeeping.Forget(cancellationToken);
            if (await history.Forget(cancellationToken) is > 0 and var plans)
            {
                Forgotten(plans);
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Postponed(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Plans} plans that ended long ago were deleted.")]
    private partial void Forgotten(int plans);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not everything that is old was deleted; the next try is in an hour.")]
    private partial void Postponed(Exception problem);
}
