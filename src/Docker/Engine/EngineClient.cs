using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>
/// A typed client of one Docker engine over its HTTP API, 1.41 (docker 20.10) and newer. Safe for use from many threads; connections are pooled. Every call has a deadline
/// (<see cref="EngineClientOptions"/>), reads a bounded answer, and fails with an <see cref="EngineException"/>; the caller's own cancellation ends the request and surfaces as
/// <see cref="OperationCanceledException"/>. A command is never sent twice.
/// </summary>
/// <remarks>
/// Any call may throw <see cref="EngineUnreachableException"/> (nothing was sent), <see cref="EngineResponseLostException"/> (inspect before going on), <see cref="EngineServerException"/>
/// and <see cref="EngineVersionException"/>; methods name what they throw beyond these. <c>Get…</c> throws when there is no such thing, <c>Find…</c> returns null.
/// </remarks>
/// <param name="endpoint">Where the engine listens.</param>
/// <param name="options">The bounds; null for the defaults.</param>
public sealed partial class EngineClient(EngineEndpoint endpoint, EngineClientOptions? options = null) : IDisposable
{
    private static readonly Version Oldest = new(1, 41);
    private static readonly Version Newest = new(1, 47);

    private readonly Transport _transport = new(endpoint, options ?? new EngineClientOptions());
    private readonly SemaphoreSlim _negotiating = new(1);
    private volatile Version? _version;

    /// <summary>Where the engine listens.</summary>
    public EngineEndpoint Endpoint { get; } = endpoint;

    private EngineClientOptions Options => _transport.Options;

    /// <summary>Who the engine is (Engine API, <c>GET /info</c>).</summary>
    public async Task<EngineInfo> GetInfo(CancellationToken ct = default)
    {
        using var deadline = new Deadline(Options.CallTimeout, ct);
        var version = await Negotiated(deadline);
        return await Get(
            EngineCall.Get("/info", "tell who it is"),
            info => new EngineInfo(
                $"{info.Text("ID")}@{info.Text("Name")}:{info.Text("DockerRootDir")}", info.Text("Name"), info.Text("ServerVersion"), version.ToString(), info.Text("OSType"), info.Text("Architecture"), (int)info.Number("NCPU")),
            ct);
    }

    /// <summary>Returns when the engine answers (Engine API, <c>GET /_ping</c>).</summary>
    public Task Ping(CancellationToken ct = default) => Ping(Options.CallTimeout, ct);

    /// <summary>The same within <paramref name="limit"/>.</summary>
    /// <param name="limit">When to give up.</param>
    /// <param name="ct">Ends the request.</param>
    public Task Ping(TimeSpan limit, CancellationToken ct = default) => Send(EngineCall.Get("/_ping", "answer a ping") with { Limit = limit }, ct);

    /// <summary>Closes the connections; requests in flight are cancelled.</summary>
    public void Dispose()
    {
        _transport.Dispose();
        _negotiating.Dispose();
    }

    /// <summary>Sends, reads the answer to its end and returns its status (2xx or 304).</summary>
    private async Task<int> Send(EngineCall call, CancellationToken ct)
    {
        using var deadline = new Deadline(call.Limit ?? Options.CallTimeout, ct);
        using var answer = await Open(call, deadline);
        await _transport.ReadAll(call, answer, deadline);
        return (int)answer.StatusCode;
    }

    private async Task<T> Get<T>(EngineCall call, Func<JsonNode, T> read, CancellationToken ct)
    {
        using var deadline = new Deadline(call.Limit ?? Options.CallTimeout, ct);
        using var answer = await Open(call, deadline);
        return await Read(call, answer, read, deadline);
    }

    private async Task<T?> Find<T>(EngineCall call, Func<JsonNode, T> read, CancellationToken ct)
        where T : class
    {
        try
        {
            return await Get(call, read, ct);
        }
        catch (EngineNotFoundException)
        {
            return null;
        }
    }

    private Task<IReadOnlyList<T>> List<T>(EngineCall call, Func<JsonNode, T> read, CancellationToken ct) =>
        Get<IReadOnlyList<T>>(call, json => [.. json.AsArray().OfType<JsonNode>().Select(read)], ct);

    private async Task<T> Read<T>(EngineCall call, HttpResponseMessage answer, Func<JsonNode, T> read, Deadline deadline)
    {
        var body = await _transport.ReadAll(call, answer, deadline);
        return _transport.Understand(call, () => read(JsonNode.Parse(body.Span) ?? throw new FormatException("it is null")));
    }

    /// <summary>Sends below the negotiated version's prefix and returns as soon as the headers are in.</summary>
    private async Task<HttpResponseMessage> Open(EngineCall call, Deadline deadline)
    {
        var version = await Negotiated(deadline);
        try
        {
            return await _transport.Open(call, $"/v{version}", deadline);
        }
        catch (EngineVersionException)
        {
            // The engine was exchanged for another version while this client lived: the next call negotiates anew.
            _version = null;
            throw;
        }
    }

    private async Task<Version> Negotiated(Deadline deadline)
    {
        if (_version is { } known)
        {
            return known;
        }

        var call = EngineCall.Get("/version", "tell its version");
        try
        {
            await _transport.Guard(call, deadline, async () =>
            {
                await _negotiating.WaitAsync(deadline.Token);
                return true;
            });
            try
            {
                return _version ??= await Negotiate(call, deadline);
            }
            finally
            {
                _negotiating.Release();
            }
        }
        catch (EngineResponseLostException silent)
        {
            throw new EngineUnreachableException($"Docker engine {Endpoint} does not tell its version, and nothing else was sent: {silent.Message}", silent);
        }
    }

    // Engine API, Versioning: a client may speak any version between the engine's oldest and its newest.
    private async Task<Version> Negotiate(EngineCall call, Deadline deadline)
    {
        using var answer = await _transport.Open(call, "", deadline);
        var (newest, oldest) = await Read(call, answer, json => (Version.Parse(json.Text("ApiVersion")), Version.Parse(json.Text("MinAPIVersion"))), deadline);
        return newest < Oldest ? throw new EngineVersionException($"Docker engine {Endpoint} is too old: it speaks API {newest}, at least {Oldest} (docker 20.10) is needed.")
            : oldest > Newest ? throw new EngineVersionException($"Docker engine {Endpoint} is too new: it speaks API {oldest} and above, this client at most {Newest}.")
            : newest < Newest ? newest : Newest;
    }
}
