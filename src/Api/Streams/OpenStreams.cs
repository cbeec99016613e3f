using DeployHub.Contracts.Errors;
using DeployHub.Intake;

namespace DeployHub.Api.Streams;

/// <summary>The streams that are open in this process, by the token that they were opened with: their number is bounded, and they end with it.</summary>
public sealed class OpenStreams
{
    public const int MostOfAToken = 100;
    public const int MostOfAProcess = 1000;

    // The longest that a timer takes is 49 days; who looks every few seconds finds the end of one that lasts longer.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Holder> _tokens = [];
    private int _open;

    /// <summary>How many are open.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _open;
            }
        }
    }

    internal List<Guid> Tokens
    {
        get
        {
            lock (_lock)
            {
                return [.. _tokens.Keys];
            }
        }
    }

    internal bool Holds(Guid token)
    {
        lock (_lock)
        {
            return _tokens.ContainsKey(token);
        }
    }

    /// <summary>Takes a place for a stream, or says why there is none.</summary>
    internal Result<StreamPlace> Enter(Guid token, DateTime? expiresAt)
    {
        lock (_lock)
        {
            if (_open >= MostOfAProcess)
            {
                return Refusal.Unavailable($"This server has {MostOfAProcess} streams open, and that is as many as it holds. Try again, or poll with «Prefer: wait=60».");
            }

            var holder = _tokens.GetValueOrDefault(token) ?? (_tokens[token] = new Holder(expiresAt));
            if (holder.Streams >= MostOfAToken)
            {
                return new Refusal(
                    429, ErrorCodes.RateLimited, $"This token has {MostOfAToken} streams open at this server, and that is as many as it may have.", null,
                    "Close some, watch the environment's events in one stream, or poll with «Prefer: wait=60».");
            }

            holder.Streams++;
            _open++;
            return new StreamPlace(() => Leave(token, holder), holder.Ended.Token);
        }
    }

    /// <summary>Ends the streams of a token that does not count any more.</summary>
    internal void End(Guid token)
    {
        lock (_lock)
        {
            if (_tokens.Remove(token, out var holder))
            {
                // Whoever is woken by it runs elsewhere, not under this lock.
                _ = holder.Ended.CancelAsync();
            }
        }
    }

    private void Leave(Guid token, Holder holder)
    {
        lock (_lock)
        {
            _open--;
            if (--holder.Streams == 0)
            {
                if (_tokens.GetValueOrDefault(token) == holder)
                {
                    _tokens.Remove(token);
                }

                holder.Ended.Dispose();
            }
        }
    }

    private sealed class Holder
    {
        public Holder(DateTime? expiresAt)
        {
            if (expiresAt - DateTime.UtcNow is { } left && left < LongestTimer)
            {
                Ended.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }
        }

        public int Streams { get; set; }

        public CancellationTokenSource Ended { get; } = new();
    }
}

/// <summary>A place for one stream, until it is disposed.</summary>
public sealed class StreamPlace(Action leave, CancellationToken tokenEnded) : IDisposable
{
    /// <summary>Cancelled when the token has expired or was revoked.</summary>
    public CancellationToken TokenEnded => tokenEnded;

    public void Dispose() => leave();
}
