using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Bench.Setup;

/// <summary>A DeployHub in one of its two shapes, and its API.</summary>
internal sealed class Hub : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(15);
    private readonly List<AppProcess> _running = [];
    private readonly Stack<AppProcess> _workers = new();
    private readonly Dictionary<string, string> _environment;

    private Hub(string name, Uri address, string data, Dictionary<string, string> environment)
    {
        (Name, Data, _environment) = (name, Directory.CreateDirectory(data).FullName, environment);
        _environment["DEPLOYHUB_DATA"] = Data;
        Http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(90) };
    }

    public string Name { get; }

    public string Data { get; }

    /// <summary>With the admin's token.</summary>
    public HttpClient Http { get; }

    /// <summary>Each process's name and id.</summary>
    public Dictionary<string, int> Processes { get; } = [];

    public static async Task<Hub> Standalone(string data)
    {
        var hub = new Hub("standalone", NewAddress(), data, []);
        await hub.Start("Standalone", "Standalone", hub.Http.BaseAddress!);
        hub.Authorize((await File.ReadAllTextAsync(Path.Combine(hub.Data, "admin-token"))).Trim());
        return hub;
    }

    public static async Task<Hub> Distributed(string data, string postgres, Uri broker)
    {
        var token = "dhub_" + RandomNumberGenerator.GetHexString(64, lowercase: true);
        var hub = new Hub("distributed", NewAddress(), data, new()
        {
            ["DEPLOYHUB_POSTGRES"] = postgres,
            ["DEPLOYHUB_RABBITMQ"] = broker.ToString(),
            ["DEPLOYHUB_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["DEPLOYHUB_ADMIN_TOKEN"] = token,
        });
        await hub.Start("Api", "Api", hub.Http.BaseAddress!);
        await hub.AddWorker();
        hub.Authorize(token);
        return hub;
    }

    /// <summary>One more Worker, on the same database and broker.</summary>
    public async Task AddWorker() => _workers.Push(
        await Start(_workers.Count == 0 ? "Worker" : string.Create(CultureInfo.InvariantCulture, $"Worker {_workers.Count + 1}"), "Worker", NewAddress()));

    /// <summary>Ends all Workers in good order.</summary>
    public async Task StopWorkers()
    {
        while (_workers.TryPop(out var worker))
        {
            await worker.Terminate();
        }
    }

    /// <summary>Posts what must be created and gives its id.</summary>
    public async Task<string> Create(string path, object body) => (string)(await Call(HttpMethod.Post, path, body)).First().Value!["id"]!;

    /// <summary>Submits a deploy and gives the plan's id.</summary>
    public async Task<string> Deploy(string imageId, object body) =>
        (string)(await Call(HttpMethod.Post, $"/api/container-images/{imageId}/deploy", body))["plan"]!["id"]!;

    public async Task<JsonNode> Plan(string id) => (await Call(HttpMethod.Get, $"/api/deployment-plans/{id}"))["plan"]!;

    /// <summary>The plan when it has ended, as <paramref name="status"/>.</summary>
    public async Task<JsonNode> Ended(string id, string status = "completed")
    {
        var end = DateTime.UtcNow + Deadline;
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/deployment-plans/{id}") { Headers = { { "Prefer", "wait=30" } } };
            var plan = (await Send(request))["plan"]!;
            if (plan["completedAt"] is not null)
            {
                return (string)plan["status"]! == status ? plan : throw new InvalidOperationException($"{Name}: a plan is not {status}: {plan.ToJsonString()}{Environment.NewLine}{Log()}");
            }

            if (DateTime.UtcNow > end)
            {
                throw new TimeoutException($"{Name}: the plan has not ended within {Deadline.TotalMinutes} minutes: {plan["status"]} {plan["counts"]?.ToJsonString()}{Environment.NewLine}{Log()}");
            }
        }
    }

    /// <summary>Any call: gives the whole answer.</summary>
    public async Task<JsonObject> Call(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        return await Send(request);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        foreach (var process in _running)
        {
            await process.DisposeAsync();
        }
    }

    public string Log() => string.Join(Environment.NewLine, _running.Select(process => process.Output()));

    public static Uri NewAddress() => new($"http://127.0.0.1:{FreePorts.Next()}");

    private void Authorize(string token) => Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);

    private async Task<AppProcess> Start(string name, string program, Uri address)
    {
        // One caller asks for all that the hub can do.
        _environment["DEPLOYHUB_RATE_LIMIT_TOKEN"] = _environment["DEPLOYHUB_RATE_LIMIT_ADDRESS"] = "10000000";
        var dll = Path.Combine(AppContext.BaseDirectory, $"DeployHub.{program}.dll");
        var process = await AppProcess.Start(dll, [$"--urls={address}"], _environment, new Uri(address, "/health/ready"));
        _running.Add(process);
        Processes[name] = process.Pid;
        return process;
    }

    private async Task<JsonObject> Send(HttpRequestMessage request)
    {
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text)!.AsObject()
            : throw new InvalidOperationException($"{Name}: {request.Method} {request.RequestUri}: {(int)answer.StatusCode} {text}{Environment.NewLine}{Log()}");
    }
}
