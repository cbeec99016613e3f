using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace DeployHub.Demo;

/// <summary>DeployHub's API as anybody with a token has it. The demo knows no other way in.</summary>
internal sealed class HubApi : IDisposable
{
    private readonly HttpClient _http;

    public HubApi(Uri address, string token)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Posts, and gives the object in the answer's one property.</summary>
    public async Task<JsonObject> Post(string path, object body, CancellationToken ct)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri(path, UriKind.Relative), body, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text)!.AsObject().First().Value!.AsObject()
            : throw new DemoFailedException($"POST {path} was answered with {(int)answer.StatusCode}: {text}");
    }

    /// <summary>The plan, when it has changed since <paramref name="known"/>, and its ETag.</summary>
    public async Task<(JsonObject? Plan, EntityTagHeaderValue? Tag)> Poll(string planId, EntityTagHeaderValue? known, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/deployment-plans/{planId}");
        if (known is not null)
        {
            request.Headers.IfNoneMatch.Add(known);
        }

        using var answer = await _http.SendAsync(request, ct);
        if (answer.StatusCode == HttpStatusCode.NotModified)
        {
            return (null, known);
        }

        var text = await answer.Content.ReadAsStringAsync(ct);
        return answer.IsSuccessStatusCode
            ? (JsonNode.Parse(text)!["plan"]!.AsObject(), answer.Headers.ETag)
            : throw new DemoFailedException($"GET {request.RequestUri} was answered with {(int)answer.StatusCode}: {text}");
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>The demo cannot go on; the message says why.</summary>
internal sealed class DemoFailedException(string message) : Exception(message);
