using DeployHub.Persistence.Messaging;
using Quartz;

namespace DeployHub.Worker.Calendar;

/// <summary>Every hour: see <see cref="Housekeeping"/>.</summary>
[DisallowConcurrentExecution]
public sealed partial class HousekeepingJob(Housekeeping housekeeping, ILogger<HousekeepingJob> log) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await housekeeping.Forget(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Postponed(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not everything that is old was deleted; the next try is in an hour.")]
    private partial void Postponed(Exception problem);
}
