using System.Security.Cryptography;
using DeployHub.Servers;

namespace DeployHub.Demo;

/// <summary>DeployHub as it is installed: real processes that know of each other only what the environment tells them.</summary>
internal sealed class DemoHub : IAsyncDisposable
{
    // Relative: each process has a folder of its own to work in, and that is found and removed even after a kill.
    private const string Data = "data";
    private readonly List<AppProcess> _processes = [];
    private Postgres? _postgres;
    private RabbitMq? _rabbitMq;

    private DemoHub()
    {
    }

    public Uri Address { get; } = new($"http://127.0.0.1:{FreePorts.Next()}");

    public string Token { get; private set; } = "";

    /// <summary>What was started, in words.</summary>
    public string Description { get; private set; } = "";

    public static async Task<DemoHub> Start(bool distributed, CancellationToken ct)
    {
        var hub = new DemoHub();
        try
        {
            await (distributed ? hub.StartDistributed() : hub.StartStandalone()).WaitAsync(ct);
            return hub;
        }
        catch
        {
            await hub.DisposeAsync();
            throw;
        }
    }

    /// <summary>The last lines of each process.</summary>
    public string Log() => string.Join(Environment.NewLine, _processes.Select(x => x.Output()));

    public async ValueTask DisposeAsync()
    {
        // In order where they can: a step under way is handed back, and nothing is left half-done on an engine.
        await Task.WhenAll(_processes.Select(Terminate));
        foreach (var server in _processes.Append<IAsyncDisposable?>(_rabbitMq).Append(_postgres))
        {
            await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    private static async Task Terminate(AppProcess process)
    {
        try
        {
            await process.Terminate(TimeSpan.FromSeconds(10));
        }
        catch (TimeoutException)
        {
            // It was killed instead.
        }
    }

    private async Task StartStandalone()
    {
        var environment = new Dictionary<string, string> { ["DEPLOYHUB_DATA"] = Data };
        await Launch("Standalone", Address, environment);
        Token = (await File.ReadAllTextAsync(Path.Combine(_processes[0].Folder.Path, Data, "admin-token"))).Trim();
        Description = $"standalone, one process (pid {_processes[0].Pid}), SQLite, no broker";
    }

    private async Task StartDistributed()
    {
        var broker = RabbitMq.Start();
        _postgres = await Postgres.Start();
        _rabbitMq = await broker;
        Token = "dhub_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var environment = new Dictionary<string, string>
        {
            ["DEPLOYHUB_DATA"] = Data,
            ["DEPLOYHUB_POSTGRES"] = await _postgres.CreateDatabase("deployhub"),
            ["DEPLOYHUB_RABBITMQ"] = _rabbitMq.Uri.ToString(),
            ["DEPLOYHUB_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["DEPLOYHUB_ADMIN_TOKEN"] = Token,
        };
        await Task.WhenAll(
            Launch("Api", Address, environment),
            Launch("Worker", new Uri($"http://127.0.0.1:{FreePorts.Next()}"), environment),
            Launch("Worker", new Uri($"http://127.0.0.1:{FreePorts.Next()}"), environment));
        Description = $"one Api and two Workers (pids {string.Join(", ", _processes.Select(x => x.Pid))}) over "
            + $"PostgreSQL at 127.0.0.1:{_postgres.Port} and RabbitMQ at 127.0.0.1:{_rabbitMq.Port}";
    }

    private async Task Launch(string name, Uri address, Dictionary<string, string> environment)
    {
        var dll = Path.Combine(AppContext.BaseDirectory, $"DeployHub.{name}.dll");
        var process = await AppProcess.Start(dll, [$"--urls={address}"], environment, new Uri(address, "/health/ready"));
        lock (_processes)
        {
            _processes.Add(process);
        }
    }
}
