using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployHub.Integration.Hub;

/// <summary>The API as a caller with curl sees it. Every answer is held to what the API says of itself.</summary>
public sealed class ApiClient(Uri address, string? token) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        BaseAddress = address, Timeout = TimeSpan.FromSeconds(100),
    };

    public Uri Address { get; } = address;

    /// <summary>What it shows, for a caller in another program.</summary>
    public string? Token => token;

    /// <summary>Hears every answer too.</summary>
    public Action<Answer>? Listener { get; set; }

    public Task<Answer> Get(string path, params (string Name, string Value)[] headers) => Send(HttpMethod.Get, path, null, headers);

    public Task<Answer> Post(string path, object? body = null, params (string Name, string Value)[] headers) => Send(HttpMethod.Post, path, body, headers);

    public Task<Answer> Patch(string path, object body) => Send(HttpMethod.Patch, path, body, []);

    public Task<Answer> Delete(string path) => Send(HttpMethod.Delete, path, null, []);

    /// <summary>Posts what must be created, and gives the object in the answer's one property.</summary>
    public async Task<JsonNode> Create(string path, object body)
    {
        var answer = await Post(path, body);
        Assert.True(answer.Status is 201, $"POST {path}: {answer.Status} {answer.Text}");
        return answer.Json!.AsObject().First().Value!;
    }

    public async Task<Answer> Send(HttpMethod method, string path, object? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        }

        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        // A stream may never end: that it was opened is its answer.
        var text = response.Content.Headers.ContentType?.MediaType == "text/event-stream" ? "" : await response.Content.ReadAsStringAsync();
        var all = response.Headers.Concat(response.Content.Headers).ToDictionary(x => x.Key, x => string.Join(", ", x.Value), StringComparer.OrdinalIgnoreCase);
        var answer = new Answer((int)response.StatusCode, text, all);
        Listener?.Invoke(answer);
        (await ApiContract.Of(_http)).Check(method.Method, path, answer);
        return answer;
    }

    public void Dispose() => _http.Dispose();
}

public sealed record Answer(int Status, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonNode? Json => Text.Length > 0 ? JsonNode.Parse(Text) : null;
}
