using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace DeployHub.Demo;

/// <summary>DeployHub's API as anybody with a token has it. The demo knows no other way in.</summary>
internal sealed class HubApi : IDisposable
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly HttpClient _http;

    public HubApi(Uri address, string token)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>What no answer may hold.</summary>
    public List<string> Secrets { get; } = [];

    /// <summary>The first request whose answer held one of <see cref="Secrets"/>.</summary>
    public string? Leak { get; private set; }

    /// <summary>Posts, and gives the object in the answer's one property.</summary>
    public async Task<JsonObject> Post(string path, object body, CancellationToken ct) =>
        (await Send(HttpMethod.Post, path, body, ct)).First().Value!.AsObject();

    /// <summary>Sends, and gives the whole answer.</summary>
    public async Task<JsonObject> Send(HttpMethod method, string path, object? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await _http.SendAsync(request, ct);
        return await Read(answer, request, ct);
    }

    /// <summary>Polls until <paramref name="hasEnded"/>, and reports every change on the way.</summary>
    public async Task<JsonObject> Follow(string path, Func<JsonObject, bool> hasEnded, Action<JsonObject> report, CancellationToken ct)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(Patience);
        var (seen, tag) = ((JsonObject?)null, (EntityTagHeaderValue?)null);
        try
        {
            while (true)
            {
                (var news, tag) = await Poll(path, tag, late.Token);
                if (news is not null)
                {
                    seen = news;
                    report(seen);
                    if (hasEnded(seen))
                    {
                        return seen;
                    }
                }

                await Task.Delay(PollEvery, late.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new DemoFailedException($"It had not ended after {Patience.TotalSeconds} s: {seen?.ToJsonString()}");
        }
    }

    public void Dispose() => _http.Dispose();

    // What is there, when it has changed since the ETag that is known.
    private async Task<(JsonObject? News, EntityTagHeaderValue? Tag)> Poll(string path, EntityTagHeaderValue? known, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (known is not null)
        {
            request.Headers.IfNoneMatch.Add(known);
        }

        using var answer = await _http.SendAsync(request, ct);
        return answer.StatusCode == HttpStatusCode.NotModified ? (null, known) : (await Read(answer, request, ct), answer.Headers.ETag);
    }

    private async Task<JsonObject> Read(HttpResponseMessage answer, HttpRequestMessage request, CancellationToken ct)
    {
        var text = await answer.Content.ReadAsStringAsync(ct);
        if (Secrets.Exists(secret => text.Contains(secret, StringComparison.Ordinal)))
        {
            Leak ??= $"{request.Method} {request.RequestUri}";
        }

        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text)!.AsObject()
            : throw new DemoFailedException($"{request.Method} {request.RequestUri} was answered with {(int)answer.StatusCode}: {text}");
    }
}

/// <summary>The demo cannot go on; the message says why.</summary>
internal sealed class DemoFailedException(string message) : Exception(message);
