using DeployHub.Intake;
using DeployHub.Persistence;

namespace DeployHub.Api.Access;

/// <summary>Forgets idempotency keys whose time is over.</summary>
internal sealed partial class IdempotencyPurge(IServiceScopeFactory scopes, ILogger<IdempotencyPurge> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<DeployHubDb>().ForgetOldKeys(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // The next hour's run takes them.
                NotPurged(e.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old idempotency keys could not be removed: {Reason}")]
    private partial void NotPurged(string reason);
}
