using System.Globalization;
using System.Text.Json.Nodes;

namespace DeployHub.Servers;

/// <summary>A Docker Engine of its own: a real dockerd with its own folders, sockets, bridge and address range. It can be
/// killed, hung and started again without touching any other engine. Needs root.</summary>
public sealed class DockerEngine : IAsyncDisposable
{
    private const string TaskFolders = "exec/containerd/daemon/io.containerd.runtime.v2.task/moby";
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(30);
    private readonly IReadOnlyList<string> _arguments;
    private readonly HttpClient _ping;
    private ServerProcess? _process;

    private DockerEngine(string name, ServerFolder folder, int? tcpPort, IReadOnlyList<string> arguments)
    {
        (Name, Folder, _arguments) = (name, folder, arguments);
        Uri = new Uri($"unix://{folder.In("docker.sock")}");
        TcpUri = tcpPort is null ? null : new Uri($"tcp://127.0.0.1:{tcpPort}");
        _ping = UnixHttp.Client(folder.In("docker.sock"));
    }

    /// <summary>The name that the test gave it.</summary>
    public string Name { get; }

    /// <summary>Where it keeps everything.</summary>
    public ServerFolder Folder { get; }

    /// <summary>Its address: <c>unix:///…/docker.sock</c>.</summary>
    public Uri Uri { get; }

    /// <summary>Its address over TCP, <c>tcp://127.0.0.1:port</c>; null unless started with <c>tcp: true</c>.</summary>
    public Uri? TcpUri { get; }

    /// <summary>True while dockerd runs, also when it is paused.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>Starts an engine and waits until it answers. <paramref name="tcp"/> adds a plain TCP socket and a whole second:
    /// dockerd waits that long to make its warning about it heard. <paramref name="arguments"/> go to dockerd as they are.</summary>
    public static async Task<DockerEngine> Start(string name = "engine", bool tcp = false, params string[] arguments)
    {
        if (!Posix.IsRoot)
        {
            throw new ServerFailedException("A test engine needs root: run the tests as root.");
        }

        var folder = ServerFolder.Create();
        try
        {
            int? port = tcp ? FreePorts.Next() : null;
            var range = Networks.Create(folder);
            var engine = new DockerEngine(name, folder, port, [.. DockerdArguments.Of(folder, range, port), .. arguments]);
            await File.WriteAllTextAsync(folder.In("daemon.json"), "{}");
            await engine.Launch();
            return engine;
        }
        catch
        {
            folder.Remove();
            throw;
        }
    }

    /// <summary>SIGKILL to dockerd, and by it to its containerd and port proxies. Containers and their shims live on, but
    /// their published ports are dead; the next start ends them and applies their restart policies.</summary>
    public async Task Kill()
    {
        await _process!.End(Posix.KillNow, StopDeadline);
        await Eventually.True(() => !Daemons().Any(), StopDeadline, "containerd and docker-proxy to follow dockerd");
    }

    /// <summary>SIGKILL as in <see cref="Kill"/>, in the middle of a container's start: its process is made, and dockerd has not heard of it yet.
    /// The engine refuses to start that container from then on, also when it was started again itself.</summary>
    public async Task KillInStart(string containerId, Action start)
    {
        // Its process id is written as soon as it is made; dockerd is told, has it begun, and records that a little later.
        using var watcher = new FileSystemWatcher(Folder.Make(TaskFolders), "init.pid") { IncludeSubdirectories = true };
        var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Renamed += (_, file) =>
        {
            if (file.FullPath.Contains(containerId, StringComparison.Ordinal))
            {
                Pause();
                made.TrySetResult();
            }
        };
        watcher.EnableRaisingEvents = true;
        start();
        await made.Task.WaitAsync(StopDeadline);
        await Kill();
    }

    /// <summary>What a start leaves that ended before it had a shim: the container's folder among the running ones. The engine refuses to start
    /// that container as long as it is there.</summary>
    public void MakeTaskFolder(string containerId) => Folder.Make($"{TaskFolders}/{containerId}");

    /// <summary>SIGKILL as in <see cref="Kill"/>, in the middle of a container's removal: the container is dead from then on.</summary>
    public async Task KillInRemoval(string containerId)
    {
        await Kill();

        // What is on the disk from the beginning of a removal until its end.
        var file = Folder.In($"data/containers/{containerId}/config.v2.json");
        var container = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        container["State"]!["RemovalInProgress"] = true;
        await File.WriteAllTextAsync(file, container.ToJsonString());
    }

    /// <summary>As when the machine loses its power: the engine, its shims and all containers end at once.</summary>
    public async Task KillWithContainers()
    {
        await Kill();
        await Eventually.True(
            () =>
            {
                var left = ProcessTable.Of(Folder);
                left.ToList().ForEach(pid => Posix.Signal(pid, Posix.KillNow));
                return left.Count == 0;
            },
            StopDeadline,
            "the containers to end");
    }

    /// <summary>SIGTERM: the engine stops its containers and ends.</summary>
    public async Task Stop()
    {
        Resume();
        await _process!.End(Posix.Terminate, StopDeadline);
        await Eventually.True(() => !Daemons().Any(), StopDeadline, "containerd to follow dockerd");
    }

    /// <summary>Starts it again on the same folders, address and ports, after <see cref="Kill"/> or <see cref="Stop"/>, or stops it first.</summary>
    public async Task Restart()
    {
        if (IsRunning)
        {
            await Stop();
        }

        // After SIGKILL a stale pid file whose number some other process has by now would refuse the start.
        File.Delete(Folder.In("docker.pid"));
        File.Delete(Folder.In("exec/containerd/containerd.pid"));
        await Launch();
    }

    /// <summary>SIGSTOP: connections are accepted (by the kernel) and nothing answers, as from a host that hangs.</summary>
    public void Pause() => _process!.Signal(Posix.Stop);

    /// <summary>SIGCONT: it goes on where <see cref="Pause"/> held it.</summary>
    public void Resume() => _process!.Signal(Posix.Continue);

    /// <summary>Runs the docker client against it and returns its output.</summary>
    /// <exception cref="ServerFailedException">The client ended with another code than 0.</exception>
    public Task<string> Docker(params string[] args) => Programs.Run("docker", ["--config", Folder.Make("client"), "-H", Uri.OriginalString, .. args]);

    /// <summary>The port on 127.0.0.1 that a container's port is published on.</summary>
    public async Task<int> PublishedPort(string container, int containerPort = 8080) =>
        int.Parse((await Docker("port", container, $"{containerPort}/tcp")).Split('\n')[0].Split(':')[^1], CultureInfo.InvariantCulture);

    /// <summary>The engine's own log, its last 200 lines.</summary>
    public string Log() => _process!.Output();

    /// <summary>Ends it with all its containers and removes everything of it.</summary>
    public ValueTask DisposeAsync()
    {
        // Killed, not stopped: nothing of it is kept, and a stop would wait out each container's grace.
        Folder.Remove();
        _process?.Dispose();
        _ping.Dispose();
        return ValueTask.CompletedTask;
    }

    private IEnumerable<int> Daemons() => ProcessTable.Of(Folder).Where(pid => ProcessTable.Name(pid) is "dockerd" or "containerd" or "docker-proxy");

    private async Task Launch()
    {
        _process?.Dispose();
        _process = await ServerProcess.Start(Folder, "dockerd", _arguments);
        await _process.Ready($"dockerd '{Name}'", Answers);
    }

    private async Task<bool> Answers()
    {
        using var answer = await _ping.GetAsync(new Uri("http://engine/_ping"));
        return answer.IsSuccessStatusCode;
    }
}
