using DeployHub.Domain.Tokens;
using DeployHub.Persistence;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DeployHub.Intake.Access;

/// <summary>Brings refused tries to the audit log, many in one transaction, while nobody waits for it.</summary>
public sealed partial class RefusedTriesWriter(RefusedTries tries, IServiceScopeFactory scopes, ILogger<RefusedTriesWriter> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestTry = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await tries.Wait(DateTime.UtcNow, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Write(tries.Take(DateTime.UtcNow), stoppingToken);
        }

        await Write(tries.Take(DateTime.UtcNow, all: true), stoppingToken);
    }

    private async Task Write(List<AuditEntry> entries, CancellationToken stoppingToken)
    {
        while (entries.Count > 0)
        {
            try
            {
                // Not under the stopping token: what was begun when the host stops is brought to its end.
                using var deadline = new CancellationTokenSource(LongestTry);
                await using var scope = scopes.CreateAsyncScope();
                var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
                await db.InTransaction(
                    () =>
                    {
                        db.AuditEntries.AddRange(entries);
                        return Task.CompletedTask;
                    },
                    deadline.Token);
                return;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // What comes meanwhile is counted, and the memory for it is bounded.
                NotWritten(entries.Count, e.Message);
                await Task.Delay(Pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception e)
            {
                Lost(entries.Count, e.Message);
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} audit entries of refused tries could not be written yet, trying again: {Reason}")]
    private partial void NotWritten(int count, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} audit entries of refused tries are lost, since this process ends: {Reason}")]
    private partial void Lost(int count, string reason);
}
