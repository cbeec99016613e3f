using System.Security.Cryptography;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DeployHub.Integration.Hub;

/// <summary>A DeployHub of its own: standalone, or an Api and Workers as processes of their own.</summary>
public sealed class RunningHub : IAsyncDisposable
{
    private readonly Uri _address = new($"http://127.0.0.1:{FreePorts.Next()}");
    private readonly Dictionary<string, string> _environment;
    private readonly string _data = Directory.CreateTempSubdirectory("deployhub-data-").FullName;
    private readonly int _workerCount;
    private readonly List<AppProcess> _furtherApis = [];
    private ApiClient? _api;

    private RunningHub(Dictionary<string, string> environment, int workers)
    {
        (_environment, _workerCount) = (environment, workers);
        _environment["DEPLOYHUB_DATA"] = _data;

        // The tests start some hundred processes, and without it a start costs a tenth less.
        _environment["DOTNET_EnableWriteXorExecute"] = "0";
    }

    /// <summary>The admin's token.</summary>
    public string Token { get; private set; } = "";

    public ApiClient Api => _api ?? throw new InvalidOperationException("The hub was not started.");

    /// <summary>Standalone: the only process. Distributed: the Api.</summary>
    public AppProcess Server { get; private set; } = null!;

    public List<AppProcess> Workers { get; } = [];

    public static async Task<RunningHub> Standalone()
    {
        var hub = new RunningHub([], workers: 0);
        await hub.Start();
        return hub;
    }

    public static async Task<RunningHub> Distributed(string postgres, Uri rabbit, int workers = 1)
    {
        var hub = new RunningHub(
            new()
            {
                ["DEPLOYHUB_POSTGRES"] = postgres,
                ["DEPLOYHUB_RABBITMQ"] = rabbit.ToString(),
                ["DEPLOYHUB_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
                ["DEPLOYHUB_ADMIN_TOKEN"] = "dhub_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            },
            workers);
        await hub.Start();
        return hub;
    }

    /// <summary>Starts what does not run; also after <see cref="AppProcess.Kill"/>, on the same data.</summary>
    public async Task Start()
    {
        if (Server is not { HasExited: false })
        {
            var program = _workerCount == 0 ? "DeployHub.Standalone.dll" : "DeployHub.Api.dll";
            Server = await AppProcess.Start(Dll(program), [$"--urls={_address}"], _environment, new Uri(_address, "/health/ready"));
            Token = _environment.GetValueOrDefault("DEPLOYHUB_ADMIN_TOKEN") ?? (await File.ReadAllTextAsync(Path.Combine(_data, "admin-token"))).Trim();
            _api ??= new ApiClient(_address, Token);
        }

        Workers.RemoveAll(worker => worker.HasExited);
        while (Workers.Count < _workerCount)
        {
            var address = new Uri($"http://127.0.0.1:{FreePorts.Next()}");
            Workers.Add(await AppProcess.Start(Dll("DeployHub.Worker.dll"), [$"--urls={address}"], _environment, new Uri(address, "/health/ready")));
        }
    }

    /// <summary>One more Api process on the same database and broker; it ends with the hub at the latest.</summary>
    public async Task<(AppProcess Process, ApiClient Client)> StartFurtherApi()
    {
        var address = new Uri($"http://127.0.0.1:{FreePorts.Next()}");
        var process = await AppProcess.Start(Dll("DeployHub.Api.dll"), [$"--urls={address}"], _environment, new Uri(address, "/health/ready"), TimeSpan.FromMinutes(2));
        _furtherApis.Add(process);
        return (process, new ApiClient(address, Api.Token));
    }

    /// <summary>SIGKILL to all that works on engines: the standalone process, or every Worker.</summary>
    public Task KillWorkers() => Task.WhenAll((_workerCount == 0 ? [Server] : Workers).Select(x => x.Kill()));

    /// <summary>Reads its database, beside it.</summary>
    public async Task<T> Read<T>(Func<DeployHubDb, Task<T>> read)
    {
        var postgres = _environment.GetValueOrDefault("DEPLOYHUB_POSTGRES");
        await using var services = new ServiceCollection().AddLogging(log => log.SetMinimumLevel(LogLevel.Critical))
            .AddPersistence(new PersistenceOptions(postgres, postgres is null ? Path.Combine(_data, "deployhub.db") : null)).BuildServiceProvider();
        await using var scope = services.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<DeployHubDb>());
    }

    /// <summary>Tells one of its receivers something, as the hub itself would.</summary>
    public Task Tell(string queue, Guid correlationId, object message) => Read(async db =>
    {
        await db.InTransaction(
            () =>
            {
                db.Schedule(queue, correlationId, message, TimeSpan.Zero, Guid.CreateVersion7());
                return Task.CompletedTask;
            },
            CancellationToken.None);
        return true;
    });

    /// <summary>What a plan or a batch has waiting for later is due now: its deadline.</summary>
    public async Task TimeIsUp(Guid id) => Assert.Equal(1, await Read(db =>
        db.Outbox.Where(x => x.CorrelationId == id && x.Token != null).ExecuteUpdateAsync(set => set.SetProperty(x => x.DueAt, DateTime.UtcNow))));

    /// <summary>Waits until nothing is under way any more.</summary>
    public Task Quiet(RabbitMq? broker) => Eventually.Equal("", () => Unsettled(broker), TimeSpan.FromSeconds(60));

    /// <summary>
    /// What is still under way, or was left over: work, locks, messages and dead letters in the database, messages in the broker's queues,
    /// queues of faults, and queues that nobody reads. Empty once all is settled; what the inbox holds is kept by age.
    /// </summary>
    /// <param name="broker">The hub's broker, if it has one.</param>
    public async Task<string> Unsettled(RabbitMq? broker)
    {
        var rows = await Read(async db => new[]
        {
            await db.WorkItems.Select(x => $"lease: {x.Act} of {x.PlanId}").ToListAsync(),
            await db.TargetLocks.Select(x => $"lock: {x.Key} of {x.PlanId}").ToListAsync(),
            await db.Outbox.Select(x => $"outbox: {x.MessageType} of {x.CorrelationId}, due {x.DueAt:O}").ToListAsync(),
            await db.DeadLetters.Select(x => $"dead letter: {x.MessageType} of {x.Queue}: {x.Reason}").ToListAsync(),
        });
        var queues = broker is null ? "" : await broker.Ctl("list_queues", "--no-table-headers", "name", "messages", "consumers");
        var left = queues.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))
            .Where(x => x[1] != "0" || x[2] == "0" || x[0].EndsWith("_error", StringComparison.Ordinal) || x[0].EndsWith("_skipped", StringComparison.Ordinal))
            .Select(x => $"queue {x[0]}: {x[1]} messages, {x[2]} consumers");
        return string.Join(Environment.NewLine, rows.SelectMany(x => x).Concat(left));
    }

    public string Log() => string.Join(Environment.NewLine, Workers.Append(Server).Select(x => x.Output()));

    /// <summary>Everything that its processes wrote.</summary>
    public string WholeLog() => string.Join(Environment.NewLine, Workers.Append(Server).Select(x => x.WholeOutput()));

    public async ValueTask DisposeAsync()
    {
        _api?.Dispose();
        foreach (var process in Workers.Append(Server).Concat(_furtherApis))
        {
            await process.DisposeAsync();
        }

        Directory.Delete(_data, recursive: true);
    }

    private static string Dll(string name) => Path.Combine(AppContext.BaseDirectory, name);
}
