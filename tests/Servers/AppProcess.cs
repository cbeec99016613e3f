namespace DeployHub.Servers;

/// <summary>One of our own programs as a process of its own, so that it can be killed.</summary>
public sealed class AppProcess : IAsyncDisposable
{
    private readonly ServerProcess _process;

    private AppProcess(ServerFolder folder, ServerProcess process) => (Folder, _process) = (folder, process);

    /// <summary>Its working directory, removed when it is disposed.</summary>
    public ServerFolder Folder { get; }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Pid;

    /// <summary>True when it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>The code that it ended with.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts <c>dotnet dll args</c> and, if <paramref name="ready"/> is given, waits until that URL answers with success.</summary>
    /// <exception cref="ServerFailedException">It ended or was not ready in time; with its last 200 lines.</exception>
    public static async Task<AppProcess> Start(
        string dll,
        IEnumerable<string>? args = null,
        IReadOnlyDictionary<string, string>? env = null,
        Uri? ready = null,
        TimeSpan? within = null)
    {
        var folder = ServerFolder.Create();
        try
        {
            var app = new AppProcess(folder, await ServerProcess.Start(folder, "dotnet", [Path.GetFullPath(dll), .. args ?? []], env));
            if (ready is not null)
            {
                using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
                await app._process.Ready(Path.GetFileName(dll), () => Answers(http, ready), within);
            }

            return app;
        }
        catch
        {
            folder.Remove();
            throw;
        }
    }

    /// <summary>Starts any program, such as an example.</summary>
    public static async Task<AppProcess> StartProgram(string program, IEnumerable<string> args, IReadOnlyDictionary<string, string>? env = null)
    {
        var folder = ServerFolder.Create();
        try
        {
            return new AppProcess(folder, await ServerProcess.Start(folder, program, args, env));
        }
        catch
        {
            folder.Remove();
            throw;
        }
    }

    /// <summary>The last 200 lines that it wrote.</summary>
    public string Output() => _process.Output();

    /// <summary>Everything that it wrote.</summary>
    public string WholeOutput() => _process.WholeOutput();

    /// <summary>SIGKILL, and awaits the end.</summary>
    public Task Kill() => _process.End(Posix.KillNow, ServerProcess.StartDeadline);

    /// <summary>SIGTERM, and awaits the end; past the deadline (30 s) it is killed. Returns the exit code.</summary>
    /// <exception cref="TimeoutException">It had to be killed; with its last lines.</exception>
    public async Task<int> Terminate(TimeSpan? within = null)
    {
        var deadline = within ?? TimeSpan.FromSeconds(30);
        return await _process.End(Posix.Terminate, deadline)
            ? ExitCode
            : throw new TimeoutException($"It did not end within {deadline.TotalSeconds} s of SIGTERM:{Environment.NewLine}{Output()}");
    }

    /// <summary>SIGSTOP: it stands still, holding what it holds.</summary>
    public void Pause() => _process.Signal(Posix.Stop);

    /// <summary>SIGCONT: it goes on.</summary>
    public void Resume() => _process.Signal(Posix.Continue);

    /// <summary>Ends it and removes its folder.</summary>
    public ValueTask DisposeAsync()
    {
        Folder.Remove();
        _process.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<bool> Answers(HttpClient http, Uri ready)
    {
        using var answer = await http.GetAsync(ready);
        return answer.IsSuccessStatusCode;
    }
}
