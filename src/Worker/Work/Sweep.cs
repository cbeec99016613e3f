using DeployHub.Persistence;

namespace DeployHub.Worker.Work;

/// <summary>
/// The backstop: at start and every minute it looks for what stands still and has its machine drive it on from its rows.
/// In the embedded shape messages in memory die with the process, so there it is what resumes work after a crash.
/// </summary>
public abstract partial class Sweep(IServiceScopeFactory scopes, PersistenceOptions persistence, ILogger log) : BackgroundService
{
    /// <summary>How many are driven on at once.</summary>
    protected const int MostAtOnce = 500;

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StandsStill = TimeSpan.FromMinutes(1);
    private readonly ILogger _log = log;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // One process: whatever moved when it starts was moved by one that is dead.
        var since = persistence.SqliteFile is null ? StandsStill : TimeSpan.Zero;
        using var timer = new PeriodicTimer(Period);
        do
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var count = await DriveOn(scope.ServiceProvider.GetRequiredService<DeployHubDb>(), DateTime.UtcNow - since, stoppingToken);
                if (count > 0)
                {
                    DrivesOn(count, GetType().Name);
                }

                since = StandsStill;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Stumbled(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Nudges the machines of all that has not moved since <paramref name="before"/>; gives their number.</summary>
    protected abstract Task<int> DriveOn(DeployHubDb db, DateTime before, CancellationToken ct);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} stand still; driving them on ({Sweep}).")]
    private partial void DrivesOn(int count, string sweep);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sweep stumbled; the next one is in a minute.")]
    private partial void Stumbled(Exception problem);
}
