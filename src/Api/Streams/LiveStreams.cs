using System.Text.Json;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Intake.Access;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Streams;

/// <summary>
/// Reads what is new in the streams that are watched here, once for all who watch: a signal names them, and one statement reads them together.
/// Every five seconds it reads them all, in case a signal was lost.
/// </summary>
internal sealed partial class LiveStreams(
    IServiceScopeFactory scopes, StreamSignal signal, StreamListening listening, OpenStreams open, EndWaits waits, ILogger<LiveStreams> log) : BackgroundService
{
    private const int EntriesAtOnce = 200;
    private static readonly TimeSpan Backstop = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, StreamFeed> _feeds = [];
    private readonly Wake _wake = new();
    private HashSet<Guid> _told = [];
    private volatile bool _missed;

    public StreamFeed Watch(Guid id, StreamSubject subject)
    {
        StreamFeed feed;
        lock (_lock)
        {
            feed = _feeds.GetValueOrDefault(id) ?? (_feeds[id] = new StreamFeed(id, subject));
            feed.Watchers++;
        }

        listening.Wanted();
        return feed;
    }

    /// <summary>To be called once the feed knows where it starts: what was told before is looked for.</summary>
    public void Begin(StreamFeed feed, long head)
    {
        feed.StartAt(head);
        Note(feed.Id);
    }

    public void Leave(StreamFeed feed)
    {
        lock (_lock)
        {
            if (--feed.Watchers == 0)
            {
                _feeds.Remove(feed.Id);
            }
        }
    }

    /// <summary>Waits for the end of a plan or batch.</summary>
    public EndWait WaitForEnd(Guid id)
    {
        var wait = waits.Begin(id);
        listening.Wanted();
        return wait;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        signal.Heard += Hear;
        try
        {
            await Task.WhenAll(listening.Run(IsWatched, Missed, stoppingToken), ReadOn(stoppingToken));
        }
        finally
        {
            signal.Heard -= Hear;
        }
    }

    private bool IsWatched()
    {
        lock (_lock)
        {
            return _feeds.Count > 0 || waits.Ids.Count > 0;
        }
    }

    private void Hear(StreamNews news)
    {
        if (news.Ended)
        {
            waits.Wake(news.Id);
        }

        bool watched;
        lock (_lock)
        {
            watched = _feeds.ContainsKey(news.Id);
        }

        if (watched || open.BelongTo(news.Id))
        {
            Note(news.Id);
        }
    }

    private void Note(Guid id)
    {
        lock (_lock)
        {
            _told.Add(id);
        }

        _wake.Now();
    }

    private void Missed()
    {
        _missed = true;
        _wake.Now();
    }

    private async Task ReadOn(CancellationToken ct)
    {
        var nextOfAll = DateTime.UtcNow + Backstop;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await _wake.Wait(nextOfAll > DateTime.UtcNow ? nextOfAll - DateTime.UtcNow : TimeSpan.Zero, ct);
                var all = _missed || DateTime.UtcNow >= nextOfAll;
                if (all)
                {
                    _missed = false;
                    nextOfAll = DateTime.UtcNow + Backstop;
                }

                await Read(all, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // What was told and not read is found once it can be read again.
                Missed();
                Stumbled(e);
                await Task.Delay(PauseAfterFault, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task Read(bool all, CancellationToken ct)
    {
        List<StreamFeed> feeds;
        HashSet<Guid> told;
        lock (_lock)
        {
            (told, _told) = (_told, []);
            feeds = [.. _feeds.Values.Where(x => x.Last >= 0 && (all || told.Contains(x.Id)))];
        }

        var tokens = all || told.Any(open.BelongTo) ? open.Tokens : [];
        var awaited = all ? waits.Ids : [];
        if (feeds.Count + tokens.Count + awaited.Count == 0)
        {
            return;
        }

        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        if (tokens.Count > 0)
        {
            open.EndWhatIsNotSeen(tokens, await scope.ServiceProvider.GetRequiredService<TokenCheck>().Again(tokens, ct));
        }

        await EndWaited(db, awaited, ct);
        await ReadEntries(db, feeds, ct);
    }

    private async Task EndWaited(DeployHubDb db, List<Guid> awaited, CancellationToken ct)
    {
        if (awaited.Count == 0)
        {
            return;
        }

        var underWay = await db.Plans.Where(x => awaited.Contains(x.Id) && PlanStatuses.UnderWay.Contains(x.Status)).Select(x => x.Id)
            .Concat(db.SyncBatches.Where(x => awaited.Contains(x.Id) && BatchStatuses.UnderWay.Contains(x.Status)).Select(x => x.Id)).ToListAsync(ct);
        awaited.Except(underWay).ToList().ForEach(waits.Wake);
    }

    private static async Task ReadEntries(DeployHubDb db, List<StreamFeed> feeds, CancellationToken ct)
    {
        while (feeds.Count > 0)
        {
            var byId = feeds.ToDictionary(x => x.Id);
            var entries = await Behind(db, feeds).ToListAsync(ct);
            foreach (var entry in entries)
            {
                byId[entry.StreamId].Add(entry);
            }

            if (entries.Count < EntriesAtOnce)
            {
                return;
            }
        }
    }

    private static IQueryable<StreamEntry> Behind(DeployHubDb db, List<StreamFeed> feeds)
    {
        var npgsql = db.Database.IsNpgsql();
        var watched = JsonSerializer.Serialize(feeds.Select(x => new { id = npgsql ? x.Id.ToString() : x.Id.ToString().ToUpperInvariant(), last = x.Last }));
        return (npgsql
            ? db.StreamEntries.FromSql(
                $"""
                SELECT e.* FROM json_to_recordset({watched}::json) AS w(id uuid, last bigint) JOIN stream_entries e ON e.stream_id = w.id AND e.number > w.last
                ORDER BY e.stream_id, e.number LIMIT {EntriesAtOnce}
                """)
            : db.StreamEntries.FromSql(
                $"""
                SELECT e.* FROM json_each({watched}) w JOIN stream_entries e ON e.stream_id = w.value->>'id' AND e.number > w.value->>'last'
                ORDER BY e.stream_id, e.number LIMIT {EntriesAtOnce}
                """)).AsNoTracking();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is new in the streams could not be read, and is tried again in a second.")]
    private partial void Stumbled(Exception problem);
}
