using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Bench.Setup;

/// <summary>A DeployHub in one of its two shapes, and its API.</summary>
internal sealed class Hub : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly List<AppProcess> _running = [];
    private int _deploys;

    private Hub(string name, Uri address, string data)
    {
        (Name, Data) = (name, Directory.CreateDirectory(data).FullName);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(60) };
    }

    public string Name { get; }

    public string Data { get; }

    /// <summary>Each process's name and id.</summary>
    public Dictionary<string, int> Processes { get; } = [];

    /// <summary>How many deploys it has been given.</summary>
    public int Deploys => _deploys;

    public static async Task<Hub> Standalone(string data)
    {
        var hub = new Hub("standalone", NewAddress(), data);
        await hub.Start("Standalone", hub._http.BaseAddress!, new() { ["DEPLOYHUB_DATA"] = hub.Data });
        hub.Authorize((await File.ReadAllTextAsync(Path.Combine(hub.Data, "admin-token"))).Trim());
        return hub;
    }

    public static async Task<Hub> Distributed(string data, string postgres, Uri broker)
    {
        var hub = new Hub("distributed", NewAddress(), data);
        var token = "dhub_" + RandomNumberGenerator.GetHexString(64, lowercase: true);
        var environment = new Dictionary<string, string>
        {
            ["DEPLOYHUB_DATA"] = hub.Data,
            ["DEPLOYHUB_POSTGRES"] = postgres,
            ["DEPLOYHUB_RABBITMQ"] = broker.ToString(),
            ["DEPLOYHUB_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["DEPLOYHUB_ADMIN_TOKEN"] = token,
        };
        await hub.Start("Api", hub._http.BaseAddress!, environment);
        await hub.Start("Worker", NewAddress(), environment);
        hub.Authorize(token);
        return hub;
    }

    /// <summary>Posts what must be created and gives its id.</summary>
    public async Task<string> Create(string path, object body) => (string)(await Send(HttpMethod.Post, path, body)).First().Value!["id"]!;

    /// <summary>Submits a deploy and gives the plan's id.</summary>
    public async Task<string> Deploy(string imageId, object body)
    {
        Interlocked.Increment(ref _deploys);
        return (string)(await Send(HttpMethod.Post, $"/api/container-images/{imageId}/deploy", body))["plan"]!["id"]!;
    }

    public async Task<JsonNode> Plan(string id) => (await Send(HttpMethod.Get, $"/api/deployment-plans/{id}", null))["plan"]!;

    /// <summary>Any other call: gives the whole answer.</summary>
    public Task<JsonObject> Call(HttpMethod method, string path, object? body = null) => Send(method, path, body);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var process in _running)
        {
            await process.DisposeAsync();
        }
    }

    public string Log() => string.Join(Environment.NewLine, _running.Select(process => process.Output()));

    private static Uri NewAddress() => new($"http://127.0.0.1:{FreePorts.Next()}");

    private void Authorize(string token) => _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);

    private async Task Start(string program, Uri address, Dictionary<string, string> environment)
    {
        // One caller asks for all that the hub can do.
        environment["DEPLOYHUB_RATE_LIMIT_TOKEN"] = environment["DEPLOYHUB_RATE_LIMIT_ADDRESS"] = "10000000";
        var dll = Path.Combine(AppContext.BaseDirectory, $"DeployHub.{program}.dll");
        var process = await AppProcess.Start(dll, [$"--urls={address}"], environment, new Uri(address, "/health/ready"));
        _running.Add(process);
        Processes[program] = process.Pid;
    }

    private async Task<JsonObject> Send(HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text)!.AsObject()
            : throw new InvalidOperationException($"{Name}: {method} {path}: {(int)answer.StatusCode} {text}{Environment.NewLine}{Log()}");
    }
}
