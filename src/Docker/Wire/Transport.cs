using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>HTTP to one engine: connections, versions, and every failure as a typed error.</summary>
internal sealed class Transport : IDisposable
{
    private const int MaxRefusalBytes = 64 * 1024;
    private readonly HttpClient _http;

    public Transport(EngineEndpoint endpoint, EngineClientOptions options)
    {
        Endpoint = endpoint;
        Options = options;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, ct) => await Connections.Open(endpoint, options.ConnectTimeout, ct),
            ConnectTimeout = Timeout.InfiniteTimeSpan,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
        })
        {
            BaseAddress = new UriBuilder("http", endpoint.Transport == EngineTransport.Unix ? "docker" : endpoint.Host, endpoint.Port == 0 ? 80 : endpoint.Port).Uri,
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public EngineEndpoint Endpoint { get; }

    public EngineClientOptions Options { get; }

    public void Dispose() => _http.Dispose();

    /// <summary>Sends and returns as soon as the headers are in; a refusal is thrown. The caller disposes the answer.</summary>
    /// <param name="call">What to ask.</param>
    /// <param name="prefix">The version's prefix, as in <c>/v1.41</c>.</param>
    /// <param name="deadline">When to give up.</param>
    public async Task<HttpResponseMessage> Open(EngineCall call, string prefix, Deadline deadline)
    {
        using var request = new HttpRequestMessage(call.Method, prefix + call.Path);
        if (call.Method != HttpMethod.Get && call.Method != HttpMethod.Head)
        {
            // The handler silently sends a request WITHOUT content a second time when a pooled connection ends before the answer.
            // A command must never be sent twice, so each one has content, if only an empty one.
            request.Content = call.Content ?? new ByteArrayContent([]);
            // An upload waits for the engine's word, so that a refusal is read instead of a broken pipe.
            request.Headers.ExpectContinue = call.Content is StreamContent;
        }

        if (call.Credentials is { } credentials)
        {
            request.Headers.TryAddWithoutValidation("X-Registry-Auth", credentials.ToHeader());
        }

        var answer = await Guard(call, deadline, () => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token));
        if (answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.NotModified)
        {
            return answer;
        }

        using (answer)
        {
            var body = await Guard(call, deadline, () => ReadUpTo(answer, MaxRefusalBytes, deadline.Token));
            var text = Refusals.TextOf(Encoding.UTF8.GetString(body.Span));
            throw Refusals.From(Endpoint, call, (int)answer.StatusCode, text.Length == 0 ? answer.ReasonPhrase ?? "no reason given" : text);
        }
    }

    /// <summary>The whole body of an answer, at most <see cref="EngineClientOptions.MaxAnswerBytes"/>.</summary>
    public async Task<ReadOnlyMemory<byte>> ReadAll(EngineCall call, HttpResponseMessage answer, Deadline deadline)
    {
        var body = await Guard(call, deadline, () => ReadUpTo(answer, Options.MaxAnswerBytes + 1L, deadline.Token));
        return body.Length <= Options.MaxAnswerBytes
            ? body
            : throw new EngineProtocolException($"Docker engine {Endpoint}, asked to {call.What}, answered more than {Options.MaxAnswerBytes} bytes.");
    }

    /// <summary>The next line of a stream, or null at its end.</summary>
    public async Task<JsonObject?> NextLine(EngineCall call, JsonLines lines, Deadline deadline)
    {
        try
        {
            return await Guard(call, deadline, () => lines.Next(deadline.Token).AsTask());
        }
        catch (JsonException odd)
        {
            throw new EngineProtocolException($"Docker engine {Endpoint}, asked to {call.What}, sent a line that is not understood: {odd.Message}", odd);
        }
    }

    /// <summary>Runs a piece of an exchange and turns what the network throws into typed errors.</summary>
    public async Task<T> Guard<T>(EngineCall call, Deadline deadline, Func<Task<T>> exchange)
    {
        try
        {
            return await exchange();
        }
        catch (OperationCanceledException) when (deadline.Caller.IsCancellationRequested)
        {
            throw new OperationCanceledException(deadline.Caller);
        }
        catch (OperationCanceledException lost)
        {
            throw new EngineTimeoutException(
                $"Docker engine {Endpoint}, asked to {call.What}, gave no complete answer within {deadline.Passed}; it may or may not have been done.", lost);
        }
        catch (HttpRequestException refused) when (refused.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
        {
            throw new EngineUnreachableException($"Docker engine {Endpoint} cannot be reached to {call.What}: {Reason(refused)}; nothing was sent.", refused);
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException)
        {
            throw new EngineResponseLostException(
                $"Docker engine {Endpoint}, asked to {call.What}, gave no complete answer ({(lost.InnerException ?? lost).Message.TrimEnd('.')}); it may or may not have been done.", lost);
        }
    }

    /// <summary>Reads what came; when it is not what the Engine API describes, that is a typed error too.</summary>
    public T Understand<T>(EngineCall call, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception odd) when (odd is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new EngineProtocolException($"Docker engine {Endpoint}, asked to {call.What}, gave an answer that is not understood: {odd.Message}", odd);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadUpTo(HttpResponseMessage answer, long most, CancellationToken ct)
    {
        await using var body = await answer.Content.ReadAsStreamAsync(ct);
        using var kept = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (kept.Length < most && await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, most - kept.Length)), ct) is > 0 and var read)
        {
            kept.Write(buffer, 0, read);
        }

        return kept.GetBuffer().AsMemory(0, (int)kept.Length);
    }

    private string Reason(HttpRequestException refused) =>
        Endpoint.Transport == EngineTransport.Unix && !File.Exists(Endpoint.Host) ? "there is no such socket" : (refused.InnerException ?? refused).Message;
}
