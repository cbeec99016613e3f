using System.Globalization;
using DeployHub.Docker;
using Polly;
using Polly.CircuitBreaker;

namespace DeployHub.Worker.Engines;

/// <summary>
/// Keeps what does not answer from being asked again and again: after three tries within two minutes of which half or more failed it is open,
/// and refuses at once; after a pause of one second, which grows to five, one try goes through and decides whether it closes.
/// </summary>
public sealed partial class Circuit
{
    private const double LongestBreakSeconds = 5;
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly CircuitBreakerManualControl _control = new();
    private readonly ResiliencePipeline _breaker;
    private readonly string _what;
    private readonly ILogger _log;
    private DateTime? _since;
    private string _reason = "";

    /// <param name="what">Who does not answer, as the subject of a sentence.</param>
    /// <param name="counts">Whether a failure is one of its kind; all others are answers.</param>
    /// <param name="log">Told when it opens and closes.</param>
    /// <param name="clock">The system's unless a test has its own.</param>
    public Circuit(string what, Func<EngineException, bool> counts, ILogger log, TimeProvider? clock = null)
    {
        (_what, _log) = (what, log);
        _breaker = new ResiliencePipelineBuilder { TimeProvider = clock }.AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is EngineException e && counts(e)),
            MinimumThroughput = 3,
            FailureRatio = 0.5,
            SamplingDuration = TimeSpan.FromMinutes(2),
            BreakDurationGenerator = args => ValueTask.FromResult(
                TimeSpan.FromSeconds(Math.Min(LongestBreakSeconds, Math.Pow(2, args.HalfOpenAttempts)) * (0.75 + (Random.Shared.NextDouble() / 4)))),
            OnOpened = args =>
            {
                _reason = args.Outcome.Exception?.Message ?? "";
                if (_since is null)
                {
                    _since = DateTime.UtcNow;
                    Opened(_what, _reason, Math.Round(args.BreakDuration.TotalSeconds, 1));
                }

                return ValueTask.CompletedTask;
            },
            OnClosed = _ =>
            {
                _since = null;
                Closed(_what);
                return ValueTask.CompletedTask;
            },
            StateProvider = _state,
            ManualControl = _control,
        }).Build();
    }

    /// <summary>Nothing is known against it.</summary>
    public bool IsClosed => _state.CircuitState == CircuitState.Closed;

    /// <summary>Tries <paramref name="work"/>, or throws what <paramref name="refusal"/> makes of a sentence, without trying, while the circuit is open.</summary>
    public async Task<T> Try<T>(Func<CancellationToken, Task<T>> work, Func<string, EngineException> refusal, CancellationToken ct)
    {
        try
        {
            return await _breaker.ExecuteAsync(async token => await work(token), ct);
        }
        catch (BrokenCircuitException e)
        {
            var since = string.Create(CultureInfo.InvariantCulture, $"{_since ?? DateTime.UtcNow:HH:mm:ss} UTC");
            var pause = Math.Ceiling((e.RetryAfter ?? TimeSpan.FromSeconds(LongestBreakSeconds)).TotalSeconds);
            throw refusal($"{_what} has not answered since {since}, and is asked again within {pause} s; nothing was sent. The last answer: {_reason}");
        }
    }

    /// <summary>A try that is still under way has shown that there is an answer: others may go on meanwhile.</summary>
    public void Answered()
    {
        if (_state.CircuitState == CircuitState.HalfOpen)
        {
            _ = _control.CloseAsync();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} does not answer: {Reason} It is asked again in {Seconds} s, and then at most every 5 s. Until it answers, what needs it waits or fails by its own patience; all other work goes on.")]
    private partial void Opened(string what, string reason, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "{What} answers again; what needs it goes on.")]
    private partial void Closed(string what);
}
