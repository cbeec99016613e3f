using DeployHub.Contracts.Deployments;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Deployments;

/// <summary>
/// The backstop: at start and every minute it looks for plans that stand still and has their machines drive them on from their rows.
/// In the embedded shape messages in memory die with the process, so there it is what resumes a plan after a crash.
/// </summary>
public sealed partial class PlanSweep(IServiceScopeFactory scopes, PersistenceOptions persistence, ILogger<PlanSweep> log) : BackgroundService
{
    private const int MostAtOnce = 500;
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StandsStill = TimeSpan.FromMinutes(1);

    private static readonly PlanStatus[] Moving = [PlanStatus.Pending, PlanStatus.Queued, PlanStatus.Running, PlanStatus.RollingBack];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // One process: whatever moved when it starts was moved by one that is dead.
        var since = persistence.SqliteFile is null ? StandsStill : TimeSpan.Zero;
        using var timer = new PeriodicTimer(Period);
        do
        {
            try
            {
                await Sweep(DateTime.UtcNow - since, stoppingToken);
                since = StandsStill;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Stumbled(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task Sweep(DateTime before, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        var still = await db.Plans.Where(x => Moving.Contains(x.Status) && x.UpdatedAt < before).OrderBy(x => x.UpdatedAt).Take(MostAtOnce)
            .Select(x => new { x.Id, Begun = db.DeploymentStates.Any(s => s.CorrelationId == x.Id) }).ToListAsync(ct);
        var cleaning = await db.DeploymentStates.Where(x => x.CurrentState == nameof(DeploymentStateMachine.Finalizing))
            .Join(db.Plans.Where(x => x.UpdatedAt < before), x => x.CorrelationId, x => x.Id, (x, _) => x.CorrelationId)
            .OrderBy(id => id).Take(MostAtOnce).ToListAsync(ct);
        if (still.Count + cleaning.Count == 0)
        {
            return;
        }

        DrivesOn(still.Count + cleaning.Count);
        await db.InTransaction(
            () =>
            {
                foreach (var plan in still)
                {
                    db.Send(Queues.Deployments, plan.Id, plan.Begun ? new DeploymentNudged(plan.Id) : new DeployContainerImage(plan.Id));
                }

                cleaning.ForEach(id => db.Send(Queues.Deployments, id, new DeploymentNudged(id)));
                return Task.CompletedTask;
            },
            ct);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} plans stand still; driving them on.")]
    private partial void DrivesOn(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sweep stumbled; the next one is in a minute.")]
    private partial void Stumbled(Exception problem);
}
