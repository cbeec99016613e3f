using System.Threading.Channels;
using DeployHub.Domain.Tokens;

namespace DeployHub.Intake.Access;

/// <summary>One try that was refused.</summary>
/// <param name="Actor">The name of the token, or of the account; <c>(unknown)</c> where there is neither.</param>
/// <param name="TokenId">The token.</param>
/// <param name="AccountId">The account.</param>
/// <param name="AccountName">The account's name.</param>
/// <param name="Action">Noun and verb, as the access table has it.</param>
/// <param name="TargetId">What it was about.</param>
/// <param name="EnvironmentId">Where that lies.</param>
/// <param name="ErrorCode">Why it was refused.</param>
/// <param name="Detail">The same as a sentence.</param>
/// <param name="RequestId">The id that the request is quoted by.</param>
/// <param name="RemoteAddress">Where it came from.</param>
public sealed record RefusedTry(
    string Actor, Guid? TokenId, Guid? AccountId, string? AccountName, string Action, Guid? TargetId, Guid? EnvironmentId, string ErrorCode, string Detail,
    string? RequestId, string? RemoteAddress)
{
    public static RefusedTry Of(Caller caller, string action, Refusal refusal, Guid? targetId, Guid? environmentId) => new(
        caller.Name, caller.TokenId, caller.AccountId, caller.AccountName, action, targetId, environmentId, refusal.Code, refusal.Message, caller.RequestId,
        caller.RemoteAddress);
}

/// <summary>
/// Refused tries on their way to the audit log. The first of a kind goes there at once; what is the same again (who, what, on what, from where, why)
/// within a minute is counted, and goes there as one more entry when the minute is over. So whoever tries without end adds one row a minute.
/// </summary>
public sealed class RefusedTries
{
    /// <summary>How many kinds are told apart in a minute; all others are counted together.</summary>
    public const int MostKinds = 1000;

    /// <summary>For how long the same try again is only counted.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private static readonly RefusedTry Others = new(
        "(several)", null, null, null, "(several)", null, null, "(several)", $"Refused tries beyond the first {MostKinds} different ones of a minute.", null, null);

    private readonly Lock _lock = new();
    private readonly Dictionary<object, Counted> _kinds = [];
    private readonly Channel<bool> _new = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Note(RefusedTry what)
    {
        lock (_lock)
        {
            object kind = (what.TokenId, what.AccountId, what.RemoteAddress, what.Action, what.TargetId, what.ErrorCode);
            if (!_kinds.ContainsKey(kind) && _kinds.Count >= MostKinds)
            {
                (kind, what) = (Others, Others);
            }

            if (_kinds.TryGetValue(kind, out var counted))
            {
                counted.Add();
            }
            else
            {
                _kinds[kind] = new Counted(what);
            }
        }

        _new.Writer.TryWrite(true);
    }

    /// <summary>What is to be written down now.</summary>
    /// <param name="now">The time, UTC.</param>
    /// <param name="all">Also what would still be counted on: the process ends.</param>
    internal List<AuditEntry> Take(DateTime now, bool all = false)
    {
        var entries = new List<AuditEntry>();
        lock (_lock)
        {
            foreach (var (kind, counted) in _kinds.ToList())
            {
                if (!all && counted.OpenUntil > now)
                {
                    continue;
                }

                if (counted.Waiting == 0)
                {
                    _kinds.Remove(kind);
                    continue;
                }

                entries.Add(counted.Take());
                counted.OpenUntil = now + Window;
            }
        }

        return entries;
    }

    /// <summary>Completes when there may be something to take.</summary>
    internal async Task Wait(DateTime now, CancellationToken ct)
    {
        DateTime? next;
        lock (_lock)
        {
            next = _kinds.Count == 0 ? null : _kinds.Values.Min(x => x.OpenUntil);
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        if (next is { } time)
        {
            over.CancelAfter(time > now ? time - now : TimeSpan.Zero);
        }

        try
        {
            await _new.Reader.ReadAsync(over.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // A minute is over.
        }
    }

    private sealed class Counted(RefusedTry what)
    {
        private DateTime _since = DateTime.UtcNow;

        public int Waiting { get; private set; } = 1;

        public DateTime OpenUntil { get; set; } = DateTime.MinValue;

        public void Add() => (_since, Waiting) = (Waiting == 0 ? DateTime.UtcNow : _since, Waiting + 1);

        /// <summary>What was counted, as of the first of them.</summary>
        public AuditEntry Take()
        {
            var entry = new AuditEntry
            {
                Id = Guid.CreateVersion7(_since), At = _since, Actor = what.Actor, TokenId = what.TokenId, AccountId = what.AccountId, Account = what.AccountName,
                Action = what.Action, TargetId = what.TargetId, EnvironmentId = what.EnvironmentId, Result = AuditResult.Refused, ErrorCode = what.ErrorCode,
                Tries = Waiting, Detail = what.Detail, RequestId = what.RequestId, RemoteAddress = what.RemoteAddress,
            };
            Waiting = 0;
            return entry;
        }
    }
}
