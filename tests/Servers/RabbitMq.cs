using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace DeployHub.Servers;

/// <summary>A RabbitMQ node of its own, with its own epmd (Erlang's port mapper), so that no other node is seen or touched.</summary>
public sealed class RabbitMq : IAsyncDisposable
{
    private const string Scripts = "/usr/lib/rabbitmq/bin";
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(30);
    private readonly Dictionary<string, string> _environment;
    private readonly int _epmdPort = FreePorts.Next();
    private ServerProcess? _epmd;
    private ServerProcess? _process;

    private RabbitMq(ServerFolder folder)
    {
        (Folder, Port) = (folder, FreePorts.Next());
        Uri = new Uri($"amqp://guest:guest@127.0.0.1:{Port}/");
        _environment = new()
        {
            ["HOME"] = folder.Make("home"),
            ["RABBITMQ_NODENAME"] = $"dh{folder.Id}@localhost",
            ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODE_PORT"] = Number(Port),
            ["RABBITMQ_DIST_PORT"] = Number(FreePorts.Next()),
            ["RABBITMQ_MNESIA_BASE"] = folder.In("mnesia"),
            ["RABBITMQ_LOG_BASE"] = folder.In("log"),
            ["RABBITMQ_LOGS"] = "-",
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = folder.In("enabled_plugins"),
            ["RABBITMQ_CONFIG_FILE"] = folder.In("rabbitmq"),
            ["RABBITMQ_CONF_ENV_FILE"] = folder.In("rabbitmq-env.conf"),
            ["RABBITMQ_PID_FILE"] = folder.In("rabbitmq.pid"),
            // The script then becomes the Erlang machine instead of waiting beside it: one pid to signal.
            ["RUNNING_UNDER_SYSTEMD"] = "true",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["ERL_EPMD_PORT"] = Number(_epmdPort),
            // No crash dump of hundreds of MiB, no spinning schedulers on a shared machine.
            ["ERL_CRASH_DUMP_SECONDS"] = "0",
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "+sbwt none +sbwtdcpu none +sbwtdio none",
        };
    }

    /// <summary>Where it keeps everything.</summary>
    public ServerFolder Folder { get; }

    /// <summary>Its AMQP port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Its address: <c>amqp://guest:guest@127.0.0.1:port/</c>.</summary>
    public Uri Uri { get; }

    /// <summary>Starts a node and waits until it speaks AMQP.</summary>
    public static async Task<RabbitMq> Start()
    {
        var folder = ServerFolder.Create();
        try
        {
            var node = new RabbitMq(folder);
            await File.WriteAllTextAsync(folder.In("enabled_plugins"), "[].");
            await File.WriteAllTextAsync(folder.In("rabbitmq-env.conf"), "");
            await File.WriteAllTextAsync(folder.In("rabbitmq.conf"), "log.console.level = warning\n");
            // Started by us and in the foreground: the one that Erlang would start by itself is a daemon that outlives it.
            node._epmd = await ServerProcess.Start(folder, "epmd", ["-address", "127.0.0.1", "-port", Number(node._epmdPort)]);
            await node._epmd.Ready("epmd", () => Connects(node._epmdPort));
            await node.StartAgain();
            return node;
        }
        catch
        {
            folder.Remove();
            throw;
        }
    }

    /// <summary>SIGTERM: the node closes its connections, writes what it holds, and ends.</summary>
    public Task Stop() => _process!.End(Posix.Terminate, StopDeadline);

    /// <summary>SIGKILL, and awaits the end.</summary>
    public Task Kill() => _process!.End(Posix.KillNow, StopDeadline);

    /// <summary>Starts it again on the same port with the same durable queues.</summary>
    public async Task StartAgain()
    {
        _process?.Dispose();
        _process = await ServerProcess.Start(Folder, $"{Scripts}/rabbitmq-server", [], _environment);
        await _process.Ready("RabbitMQ", () => SpeaksAmqp(Port));
    }

    /// <summary>Runs rabbitmqctl against it, for example <c>Ctl("list_queues", "name", "messages")</c>.</summary>
    public Task<string> Ctl(params string[] args) =>
        Programs.Run($"{Scripts}/rabbitmqctl", ["--quiet", .. args], new Dictionary<string, string>(_environment) { [ServerFolder.Variable] = Folder.Path });

    /// <summary>The last 200 lines of its log.</summary>
    public string Log() => _process!.Output();

    /// <summary>Ends it and its epmd and removes its files.</summary>
    public ValueTask DisposeAsync()
    {
        Folder.Remove();
        _process?.Dispose();
        _epmd?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string Number(int port) => port.ToString(CultureInfo.InvariantCulture);

    private static async Task<bool> Connects(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        return true;
    }

    // The port opens before the node takes connections: only its answer to the protocol header proves it.
    private static async Task<bool> SpeaksAmqp(int port)
    {
        using var client = new TcpClient();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await client.ConnectAsync("127.0.0.1", port, deadline.Token);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("AMQP\0\0\u0009\u0001"), deadline.Token);
        var methodFrame = new byte[1];
        return await stream.ReadAsync(methodFrame, deadline.Token) == 1 && methodFrame[0] == 1;
    }
}
