using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DeployHub.Persistence.Streams;

/// <summary>
/// Tells the other processes what was committed here, over PostgreSQL. Outside of the transactions themselves: one that notifies takes a lock at
/// its commit that all others wait for. The first news go out at once, and those of the next 20 ms together.
/// </summary>
public sealed partial class StreamNotifier(IServiceScopeFactory scopes, StreamSignal signal, ILogger<StreamNotifier> log) : BackgroundService
{
    public const string Channel = "deployhub_streams";

    /// <summary>Behind an id: the plan or batch has ended.</summary>
    public const char EndMark = '!';

    // A payload is less than 8,000 bytes, and an id with its mark and comma 34.
    private const int IdsAtOnce = 200;
    private static readonly TimeSpan Gathered = TimeSpan.FromMilliseconds(20);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                foreach (var news in (await signal.Take(stoppingToken)).Chunk(IdsAtOnce))
                {
                    await Notify(string.Join(',', news.Select(x => x.Ended ? $"{x.Id:n}{EndMark}" : $"{x.Id:n}")), stoppingToken);
                }

                await Task.Delay(Gathered, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task Notify(string payload, CancellationToken ct)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<DeployHubDb>().Database.ExecuteSqlAsync($"SELECT pg_notify({Channel}, {payload})", ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // The entries are committed: who watches finds them by its backstop.
            NotTold(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Streams in other processes were not woken, and find what is new some seconds later: {Reason}")]
    private partial void NotTold(string reason);
}
