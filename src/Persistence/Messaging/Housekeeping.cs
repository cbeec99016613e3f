using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DeployHub.Persistence.Messaging;

/// <summary>Forgets what nobody can ask for any more: inbox rows after a week, idempotency keys after a day.</summary>
public sealed partial class Housekeeping(IServiceScopeFactory scopes, ILogger<Housekeeping> log) : BackgroundService
{
    private const int BatchSize = 1000;
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);
    private static readonly TimeSpan InboxKept = TimeSpan.FromDays(7);
    private static readonly TimeSpan KeysKept = TimeSpan.FromHours(24);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period);
        do
        {
            try
            {
                await Forget(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Postponed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    // In small batches, so that no statement holds the rows that others want for long.
    private async Task Forget(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        var (inboxEnd, keysEnd) = (DateTime.UtcNow - InboxKept, DateTime.UtcNow - KeysKept);
        int deleted;
        do
        {
            deleted = 0;
            await db.InTransaction(
                async () =>
                {
                    var old = await db.Inbox.Where(x => x.ReceivedAt < inboxEnd).OrderBy(x => x.ReceivedAt).Take(BatchSize).Select(x => x.MessageId).ToListAsync(ct);
                    deleted = old.Count == 0 ? 0 : await db.Inbox.Where(x => old.Contains(x.MessageId) && x.ReceivedAt < inboxEnd).ExecuteDeleteAsync(ct);
                },
                ct);
        }
        while (deleted > 0);
        await db.InTransaction(() => db.IdempotencyKeys.Where(x => x.CreatedAt < keysEnd).ExecuteDeleteAsync(ct), ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old inbox rows and idempotency keys were not deleted; the next try is in an hour.")]
    private partial void Postponed(Exception problem);
}
