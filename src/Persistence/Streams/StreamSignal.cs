using DeployHub.Persistence.Messaging;

namespace DeployHub.Persistence.Streams;

/// <summary>Something was told in a stream, or of an id.</summary>
/// <param name="Id">The stream, or the token.</param>
/// <param name="Ended">The plan or batch has ended.</param>
public readonly record struct StreamNews(Guid Id, bool Ended);

/// <summary>
/// Where a commit wakes those who watch. In the embedded shape it tells them; otherwise it is gathered for <see cref="StreamNotifier"/>, and
/// what other processes told is heard through <see cref="StreamListening"/>. What is lost here is found by the watchers' backstop.
/// </summary>
public sealed class StreamSignal(PersistenceOptions options)
{
    private const int Room = 10_000;
    private readonly Lock _lock = new();
    private readonly Wake _wake = new();
    private Dictionary<Guid, bool> _waiting = [];

    /// <summary>Told of news by any thread; it must be quick.</summary>
    public event Action<StreamNews>? Heard;

    /// <summary>Takes what was just committed.</summary>
    public void Offer(IReadOnlyCollection<StreamNews> news)
    {
        if (news.Count == 0)
        {
            return;
        }

        if (options.SqliteFile is not null)
        {
            foreach (var told in news)
            {
                Hear(told);
            }

            return;
        }

        lock (_lock)
        {
            foreach (var told in news.Where(x => _waiting.Count < Room || _waiting.ContainsKey(x.Id)))
            {
                _waiting[told.Id] = told.Ended || _waiting.GetValueOrDefault(told.Id);
            }
        }

        _wake.Now();
    }

    public void Hear(StreamNews news) => Heard?.Invoke(news);

    /// <summary>Waits for news that other processes are to be told of, and takes them.</summary>
    internal async Task<List<StreamNews>> Take(CancellationToken ct)
    {
        while (true)
        {
            Dictionary<Guid, bool> taken;
            lock (_lock)
            {
                (taken, _waiting) = (_waiting, _waiting.Count == 0 ? _waiting : []);
            }

            if (taken.Count > 0)
            {
                return [.. taken.Select(x => new StreamNews(x.Key, x.Value))];
            }

            await _wake.Wait(TimeSpan.FromMinutes(1), ct);
        }
    }
}
