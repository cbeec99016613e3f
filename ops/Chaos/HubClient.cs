using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace DeployHub.Chaos;

/// <summary>An answer that is none of «try again».</summary>
internal sealed record Answer(int Status, JsonNode? Body)
{
    public bool Accepted => Status is >= 200 and < 300;
}

/// <summary>
/// The API as a patient pipeline uses it: what gets no answer, or is told to come again, is sent again, under the same idempotency key.
/// </summary>
internal sealed class HubClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private readonly HttpClient _http;

    public HubClient(Uri address, string token)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(15) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public Task<Answer> Get(string path) => Send(HttpMethod.Get, path, null, null);

    public Task<Answer> Post(string path, object body, string? key = null) => Send(HttpMethod.Post, path, body, key);

    public Task<Answer> Patch(string path, object body) => Send(HttpMethod.Patch, path, body, null);

    /// <summary>Creates something and gives its id; anything but success ends the run.</summary>
    public async Task<string> Create(string path, object body)
    {
        var answer = await Post(path, body);
        return answer.Accepted
            ? (string)answer.Body!.AsObject().First().Value!["id"]!
            : throw new InvalidOperationException($"POST {path}: {answer.Status} {answer.Body?.ToJsonString()}");
    }

    public void Dispose() => _http.Dispose();

    private async Task<Answer> Send(HttpMethod method, string path, object? body, string? key)
    {
        using var late = new CancellationTokenSource(Patience);
        while (true)
        {
            string last;
            try
            {
                using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
                if (key is not null)
                {
                    request.Headers.Add("Idempotency-Key", key);
                }

                using var answer = await _http.SendAsync(request, late.Token);
                var text = await answer.Content.ReadAsStringAsync(late.Token);
                if ((int)answer.StatusCode is < 500 and not 429)
                {
                    return new Answer((int)answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
                }

                last = $"{(int)answer.StatusCode} {text}";
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                last = e.Message;
            }

            if (late.IsCancellationRequested)
            {
                throw new TimeoutException($"{method} {path} was not answered in {Patience.TotalMinutes} minutes. Last: {last}");
            }

            await Task.Delay(Pause);
        }
    }
}
