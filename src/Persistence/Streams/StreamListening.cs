using DeployHub.Persistence.Messaging;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace DeployHub.Persistence.Streams;

/// <summary>Hears what other processes committed: one connection a process, held while somebody watches and for a minute after.</summary>
public sealed partial class StreamListening(PersistenceOptions options, StreamSignal signal, ILogger<StreamListening> log)
{
    /// <summary>What the connection calls itself at the server.</summary>
    public const string ApplicationName = "deployhub-streams";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Lingering = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly Wake _wanted = new();

    /// <summary>Somebody has begun to watch.</summary>
    public void Wanted() => _wanted.Now();

    /// <summary>Listens until it is cancelled. Returns at once where there is one process alone.</summary>
    /// <param name="isWatched">Whether anybody watches.</param>
    /// <param name="missed">Called when something may have been told that was not heard: the connection was just made.</param>
    /// <param name="ct">Ends it.</param>
    public async Task Run(Func<bool> isWatched, Action missed, CancellationToken ct)
    {
        var pause = ShortestPause;
        while (options.Postgres is not null && !ct.IsCancellationRequested)
        {
            try
            {
                while (!isWatched())
                {
                    await _wanted.Wait(Lingering, ct);
                }

                await Listen(
                    isWatched,
                    () =>
                    {
                        pause = ShortestPause;
                        missed();
                    },
                    ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or OperationCanceledException)
            {
                Lost(e.Message);
                await Task.Delay(pause, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    private async Task Listen(Func<bool> isWatched, Action connected, CancellationToken ct)
    {
        var own = new NpgsqlConnectionStringBuilder(options.Postgres) { Pooling = false, ApplicationName = ApplicationName, KeepAlive = 10 };
        await using var connection = new NpgsqlConnection(own.ConnectionString);
        connection.Notification += (_, told) => Hear(told.Payload);
        await connection.OpenAsync(ct);
        await using (var listen = new NpgsqlCommand($"LISTEN {StreamNotifier.Channel}", connection))
        {
            await listen.ExecuteNonQueryAsync(ct);
        }

        connected();
        for (var watched = DateTime.UtcNow; DateTime.UtcNow - watched < Lingering;)
        {
            await connection.WaitAsync(LookEvery, ct);
            watched = isWatched() ? DateTime.UtcNow : watched;
        }
    }

    private void Hear(string payload)
    {
        foreach (var word in payload.Split(','))
        {
            // What is no id was not sent by us.
            if (Guid.TryParseExact(word.TrimEnd(StreamNotifier.EndMark), "n", out var id))
            {
                signal.Hear(new StreamNews(id, word[^1] == StreamNotifier.EndMark));
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection that tells of what other processes committed was lost, and is made again. Until then streams look every 5 seconds. {Reason}")]
    private partial void Lost(string reason);
}
