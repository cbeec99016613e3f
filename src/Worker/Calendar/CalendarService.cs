using Quartz;

namespace DeployHub.Worker.Calendar;

/// <summary>Starts the calendar once the host serves, since nobody waits for it (Quartz's own service makes it before), and ends it with its jobs.</summary>
internal sealed class CalendarService(ISchedulerFactory schedulers) : IHostedLifecycleService
{
    private IScheduler? _scheduler;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        _scheduler = await schedulers.GetScheduler(cancellationToken);
        await _scheduler.Start(cancellationToken);
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_scheduler is { } started)
        {
            await started.Shutdown(waitForJobsToComplete: true, cancellationToken);
        }
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
