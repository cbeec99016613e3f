using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace DeployHub.Bench.Setup;

/// <summary>The bare client: plain HTTP to the engine's socket, the calls that a replacement needs and nothing beside them.</summary>
internal sealed class RawEngine(string socket) : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan GateDeadline = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, ConnectCallback = async (_, ct) => await UnixSocket.Connect(socket, ct) })
    {
        BaseAddress = new Uri("http://engine/v1.41/"), Timeout = TimeSpan.FromSeconds(60),
    };

    /// <summary>Replaces the container: image inspect, create, stop, rename twice, start, inspect until ready, remove.</summary>
    /// <param name="name">The container's name.</param>
    /// <param name="image">By digest.</param>
    /// <param name="minimum">How long it must run where it has no health check.</param>
    public async Task Replace(string name, string image, TimeSpan minimum)
    {
        await Get($"images/{image}/json");
        await Post($"containers/create?name={name}.next", Body(image));
        await Post($"containers/{name}/stop?t=10");
        await Post($"containers/{name}/rename?name={name}.former");
        await Post($"containers/{name}.next/rename?name={name}");
        await Post($"containers/{name}/start");
        await Ready(name, minimum);
        await Delete($"containers/{name}.former");
    }

    /// <summary>Replaces the container by one that fails its health check, and brings the former one back: the same calls, and both checks waited for.</summary>
    public async Task ReplaceAndReturn(string name, string badImage)
    {
        await Post($"containers/create?name={name}.next", Body(badImage));
        await Post($"containers/{name}/stop?t=10");
        await Post($"containers/{name}/rename?name={name}.former");
        await Post($"containers/{name}.next/rename?name={name}");
        await Post($"containers/{name}/start");
        await Becomes(name, "unhealthy");
        await Remove(name);
        await Post($"containers/{name}.former/rename?name={name}");
        await Post($"containers/{name}/start");
        await Becomes(name, "healthy");
    }

    public async Task Start(string name, string image)
    {
        await Post($"containers/create?name={name}", Body(image));
        await Post($"containers/{name}/start");
    }

    public Task Remove(string name) => Delete($"containers/{name}?force=1");

    public async Task<string> IdOf(string name) => (string)(await Get($"containers/{name}/json"))["Id"]!;

    /// <summary>Pulls an image and reads the stream of its progress to the end.</summary>
    public async Task Pull(string image)
    {
        using var answer = await _http.PostAsync(new Uri($"images/create?fromImage={Uri.EscapeDataString(image)}", UriKind.Relative), null);
        var progress = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode || progress.Contains("\"error\"", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"pull {image}: {progress}");
        }
    }

    /// <summary>The lines of the engine's events that tell of removed containers.</summary>
    public async Task<StreamReader> RemovalEvents(CancellationToken ct)
    {
        var filters = Uri.EscapeDataString("""{"type":["container"],"event":["destroy"]}""");
        return new StreamReader(await _http.GetStreamAsync(new Uri($"events?filters={filters}", UriKind.Relative), ct));
    }

    /// <summary>Any other call; answers with its body, which is read to the end.</summary>
    public async Task<byte[]> Call(HttpMethod method, string path, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var answer = await _http.SendAsync(request);
        var body = await answer.Content.ReadAsByteArrayAsync();
        return answer.IsSuccessStatusCode
            ? body
            : throw new InvalidOperationException($"{method} {path}: {(int)answer.StatusCode} {System.Text.Encoding.UTF8.GetString(body)}");
    }

    public void Dispose() => _http.Dispose();

    // As DeployHub makes it from a service that declares nothing.
    private static JsonObject Body(string image) => new()
    {
        ["Image"] = image,
        ["Labels"] = new JsonObject { ["bench"] = "raw" },
        ["StopTimeout"] = 10,
        ["HostConfig"] = new JsonObject { ["RestartPolicy"] = new JsonObject { ["Name"] = "unless-stopped" } },
    };

    private async Task Becomes(string name, string health)
    {
        using var late = new CancellationTokenSource(GateDeadline);
        while ((string?)(await Get($"containers/{name}/json"))["State"]!["Health"]!["Status"] != health)
        {
            await Task.Delay(LookEvery, late.Token);
        }
    }

    private async Task Ready(string name, TimeSpan minimum)
    {
        var started = DateTime.UtcNow;
        while (true)
        {
            var container = await Get($"containers/{name}/json");
            var (state, ran) = (container["State"]!, DateTime.UtcNow - started);
            if (!(bool)state["Running"]! || (int)container["RestartCount"]! > 0 || ran > GateDeadline)
            {
                throw new InvalidOperationException($"container {name} does not serve: {state.ToJsonString()}");
            }

            var health = (string?)state["Health"]?["Status"];
            if (health is null ? ran >= minimum : health == "healthy")
            {
                return;
            }

            await Task.Delay(health is null ? minimum - ran + TimeSpan.FromMilliseconds(1) : LookEvery);
        }
    }

    private async Task<JsonNode> Get(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative));
        return JsonNode.Parse(await Read(answer, path))!;
    }

    private async Task Post(string path, JsonObject? body = null)
    {
        using var answer = await _http.PostAsync(new Uri(path, UriKind.Relative), body is null ? null : JsonContent.Create(body));
        await Read(answer, path);
    }

    private async Task Delete(string path)
    {
        using var answer = await _http.DeleteAsync(new Uri(path, UriKind.Relative));
        await Read(answer, path);
    }

    private static async Task<string> Read(HttpResponseMessage answer, string path)
    {
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? text : throw new InvalidOperationException($"{path}: {(int)answer.StatusCode} {text}");
    }
}
