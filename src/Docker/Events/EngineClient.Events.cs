using System.Globalization;
using System.Runtime.CompilerServices;

namespace DeployHub.Docker;

public sealed partial class EngineClient
{
    /// <summary>The engine's events as they come; the request begins with the first one that is asked for. See <see cref="OpenEvents(IReadOnlyDictionary{string, string[]}, CancellationToken)"/>.</summary>
    /// <param name="filters">As in <c>container</c>: an id, <c>event</c>: <c>die</c>; null for all.</param>
    /// <param name="since">Also those since then, by the engine's clock; it remembers the last 256. Null for new ones only.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineResponseLostException">The stream broke off.</exception>
    public async IAsyncEnumerable<EngineEvent> Events(
        IReadOnlyDictionary<string, string[]>? filters = null, DateTimeOffset? since = null, [EnumeratorCancellation] CancellationToken ct = default)
    {
        await using var stream = await OpenEvents(filters, since, ct);
        await foreach (var happened in stream.ReadAll(ct))
        {
            yield return happened;
        }
    }

    /// <summary>Subscribes to the engine's events and returns as soon as it is done: subscribe, then act, then read (Engine API, <c>GET /events</c>).</summary>
    /// <param name="filters">As in <c>container</c>: an id, <c>event</c>: <c>die</c>; null for all.</param>
    /// <param name="ct">Ends the subscribing; the reading has its own.</param>
    public Task<EngineEventStream> OpenEvents(IReadOnlyDictionary<string, string[]>? filters = null, CancellationToken ct = default) => OpenEvents(filters, since: null, ct);

    /// <summary>Subscribes to the engine's events, the remembered ones since a moment first.</summary>
    /// <param name="filters">As in <c>container</c>: an id, <c>event</c>: <c>die</c>; null for all.</param>
    /// <param name="since">By the engine's clock; it remembers the last 256 events. Null for new ones only.</param>
    /// <param name="ct">Ends the subscribing; the reading has its own.</param>
    public async Task<EngineEventStream> OpenEvents(IReadOnlyDictionary<string, string[]>? filters, DateTimeOffset? since, CancellationToken ct = default)
    {
        var from = since is { } moment ? $"&since={Moment(moment)}" : "";
        var call = EngineCall.Get($"/events?filters={EngineCall.Filters(filters)}{from}", "send its events");
        using var deadline = new Deadline(Options.CallTimeout, ct);
        var answer = await Open(call, deadline);
        return new EngineEventStream(_transport, call, answer, answer.Content.ReadAsStream(CancellationToken.None));
    }

    // Engine API, Events: seconds since 1970, with nine decimal places.
    private static string Moment(DateTimeOffset time)
    {
        var ticks = (time - DateTimeOffset.UnixEpoch).Ticks;
        return string.Create(CultureInfo.InvariantCulture, $"{ticks / TimeSpan.TicksPerSecond}.{ticks % TimeSpan.TicksPerSecond * 100:000000000}");
    }
}
