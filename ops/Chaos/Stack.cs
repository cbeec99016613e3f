using System.Collections.Concurrent;
using System.Security.Cryptography;
using DeployHub.Servers;

namespace DeployHub.Chaos;

/// <summary>The whole of it: two engines, a registry, and DeployHub with what it stands on. Everything can be killed and started again.</summary>
internal sealed class Stack : IAsyncDisposable
{
    private const int WorkerCount = 2;
    private readonly ConcurrentStack<IAsyncDisposable> _owned = new();
    private readonly Uri _address = new($"http://127.0.0.1:{FreePorts.Next()}");
    private readonly Dictionary<string, string> _environment = [];
    private readonly bool _standalone;

    private Stack(bool standalone) => _standalone = standalone;

    public DockerEngine[] Engines { get; private set; } = [];

    public Registry Registry { get; private set; } = null!;

    public HubClient Api { get; private set; } = null!;

    /// <summary>Folders on the engines' host, one for each engine, where config files go.</summary>
    public string[] Folders { get; private set; } = [];

    /// <summary>Every kind of process that may be killed, and those of that kind.</summary>
    public IReadOnlyList<Victim> Victims { get; private set; } = [];

    public static async Task<Stack> Start(bool standalone)
    {
        var stack = new Stack(standalone);
        try
        {
            await stack.Start();
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Api?.Dispose();
        while (_owned.TryPop(out var server))
        {
            await server.DisposeAsync();
        }
    }

    private async Task Start()
    {
        var engines = Enumerable.Range(1, 2).Select(i => Owns(DockerEngine.Start($"engine-{i}"))).ToArray();
        Registry = await Owns(Registry.Start());
        Engines = await Task.WhenAll(engines);
        Folders = [.. Engines.Select(engine => Directory.CreateDirectory(Path.Combine(engine.Folder.Path, "configs")).FullName)];
        var victims = Engines.Select(Engine).ToList();
        _environment["DEPLOYHUB_DATA"] = Directory.CreateDirectory(Path.Combine(Engines[0].Folder.Path, "hub")).FullName;
        _environment["DEPLOYHUB_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var token = _environment["DEPLOYHUB_ADMIN_TOKEN"] = "dhub_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        if (_standalone)
        {
            victims.Add(await Program("Standalone", _address));
        }
        else
        {
            var broker = Owns(RabbitMq.Start());
            var database = await Owns(Postgres.Start());
            _environment["DEPLOYHUB_POSTGRES"] = await database.CreateDatabase("deployhub");
            _environment["DEPLOYHUB_RABBITMQ"] = (await broker).Uri.ToString();
            victims.Add(new Victim("PostgreSQL", "PostgreSQL", database.Kill, database.StartAgain));
            victims.Add(new Victim("RabbitMQ", "RabbitMQ", (await broker).Kill, (await broker).StartAgain));
            victims.Add(await Program("Api", _address));
            for (var i = 0; i < WorkerCount; i++)
            {
                victims.Add(await Program("Worker", new Uri($"http://127.0.0.1:{FreePorts.Next()}")));
            }
        }

        Victims = victims;
        Api = new HubClient(_address, token);
    }

    private static Victim Engine(DockerEngine engine) => new("Engine", engine.Name, engine.Kill, engine.Restart);

    // After the first start nobody waits for it to be ready: a supervisor would not either, and what it needs may be down.
    private async Task<Victim> Program(string name, Uri address)
    {
        var dll = Path.Combine(AppContext.BaseDirectory, $"DeployHub.{name}.dll");
        var program = new Victim(name, name);
        program.Process = await Owns(AppProcess.Start(dll, [$"--urls={address}"], _environment, new Uri(address, "/health/ready")));
        program.Kill = () => program.Process.Kill();
        program.StartAgain = async () =>
        {
            program.Logs.Add(Path.Combine(program.Process.Folder.Path, "dotnet.log"));
            program.Process = await Owns(AppProcess.Start(dll, [$"--urls={address}"], _environment));
        };
        return program;
    }

    private async Task<T> Owns<T>(Task<T> starting) where T : IAsyncDisposable
    {
        var server = await starting;
        _owned.Push(server);
        return server;
    }
}

/// <summary>Something that can be killed and started again.</summary>
internal sealed class Victim(string kind, string name, Func<Task>? kill = null, Func<Task>? startAgain = null)
{
    public string Kind => kind;

    public string Name => name;

    public Func<Task> Kill { get; set; } = kill ?? (() => Task.CompletedTask);

    public Func<Task> StartAgain { get; set; } = startAgain ?? (() => Task.CompletedTask);

    /// <summary>One of our own programs; null for a server.</summary>
    public AppProcess Process { get; set; } = null!;

    /// <summary>The logs of those that were killed.</summary>
    public List<string> Logs { get; } = [];

    public bool IsProgram => Process is not null;
}
