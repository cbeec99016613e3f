using DeployHub.Contracts.Errors;
using DeployHub.Intake;

namespace DeployHub.Api.Streams;

/// <summary>The streams that are open in this process, by whoever opened them: their number is bounded, and they end with the rights that they were opened with.</summary>
public sealed class OpenStreams
{
    public const int MostOfAToken = 100;
    public const int MostOfAProcess = 1000;

    // The longest that a timer takes is 49 days; who looks every few seconds finds the end of a token that lasts longer.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly Lock _lock = new();
    private readonly HashSet<StreamPlace> _places = [];

    /// <summary>How many are open.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _places.Count;
            }
        }
    }

    /// <summary>The tokens that they were opened with.</summary>
    internal List<Guid> Tokens
    {
        get
        {
            lock (_lock)
            {
                return [.. _places.Select(x => x.Token).Distinct()];
            }
        }
    }

    /// <summary>Whether this is the token, or the account, of one of them.</summary>
    internal bool BelongTo(Guid id)
    {
        lock (_lock)
        {
            return _places.Any(x => x.Token == id || x.Account == id);
        }
    }

    /// <summary>Takes a place for a stream, or says why there is none.</summary>
    internal Result<StreamPlace> Enter(Caller caller, Guid token, Guid environment, DateTime? expiresAt)
    {
        lock (_lock)
        {
            if (_places.Count >= MostOfAProcess)
            {
                return Refusal.Unavailable($"This server has {MostOfAProcess} streams open, and that is as many as it holds. Try again, or poll with «Prefer: wait=60».");
            }

            if (_places.Count(x => x.Token == token) >= MostOfAToken)
            {
                return new Refusal(
                    429, ErrorCodes.RateLimited, $"This token has {MostOfAToken} streams open at this server, and that is as many as it may have.", null,
                    "Close some, watch the environment's events in one stream, or poll with «Prefer: wait=60».");
            }

            var place = new StreamPlace(token, caller.AccountId, environment, Leave);
            if (expiresAt - DateTime.UtcNow is { } left && left < LongestTimer)
            {
                place.EndAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }

            _places.Add(place);
            return place;
        }
    }

    /// <summary>Ends those whose token or account may not see them any more.</summary>
    /// <param name="asked">The tokens that were looked up.</param>
    /// <param name="still">Those of them that are still accepted.</param>
    internal void EndWhatIsNotSeen(IReadOnlyCollection<Guid> asked, IReadOnlyDictionary<Guid, Caller> still)
    {
        lock (_lock)
        {
            foreach (var place in _places.Where(x => asked.Contains(x.Token) && still.GetValueOrDefault(x.Token)?.Sees(x.Environment) is not true))
            {
                place.EndAfter(TimeSpan.Zero);
            }
        }
    }

    private void Leave(StreamPlace place)
    {
        lock (_lock)
        {
            _places.Remove(place);
        }
    }
}

/// <summary>A place for one stream, until it is disposed.</summary>
internal sealed class StreamPlace(Guid token, Guid account, Guid environment, Action<StreamPlace> leave) : IDisposable
{
    private readonly CancellationTokenSource _notSeen = new();

    public Guid Token => token;

    public Guid Account => account;

    public Guid Environment => environment;

    /// <summary>Cancelled when the token has expired or was revoked, or its account may not see this any more.</summary>
    public CancellationToken NotSeen => _notSeen.Token;

    /// <summary>Ends the stream; who is woken by it runs elsewhere.</summary>
    public void EndAfter(TimeSpan time) => _notSeen.CancelAfter(time);

    public void Dispose()
    {
        leave(this);
        _notSeen.Dispose();
    }
}
