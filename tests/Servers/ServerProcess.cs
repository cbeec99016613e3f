using System.Collections.Concurrent;
using System.Diagnostics;

namespace DeployHub.Servers;

/// <summary>A child process that does not outlive this one, with its output in a file of the server's folder.</summary>
internal sealed class ServerProcess : IDisposable
{
    /// <summary>How long a server may take to come up. Long, since a machine that runs other tests beside it, or a server that was killed and
    /// has much to look through, may need minutes, and to begin again would only cost them once more.</summary>
    public static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(3);

    private const int LinesShown = 200;
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(10);
    // The parent-death signal comes when the *thread* that forked ends, so one thread that never ends does all forking.
    private static readonly BlockingCollection<Action> Forks = [];
    private readonly Process _process;
    private readonly string _log;

    static ServerProcess() => new Thread(() =>
    {
        foreach (var fork in Forks.GetConsumingEnumerable())
        {
            fork();
        }
    })
    { IsBackground = true, Name = "test server spawner" }.Start();

    private ServerProcess(Process process, string log) => (_process, _log) = (process, log);

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public static Task<ServerProcess> Start(
        ServerFolder folder,
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        string? user = null)
    {
        var log = folder.In($"{Path.GetFileName(program)}.log");
        string[] asUser = user is null ? [] : ["--reuid", user, "--regid", user, "--init-groups"];
        var start = new ProcessStartInfo(
            "/bin/sh",
            ["-c", "exec \"$@\" </dev/null >>\"$0\" 2>&1", log, Programs.Find("setpriv"), "--pdeathsig", "KILL", .. asUser, Programs.Find(program), .. arguments])
        {
            // Ctrl+C at the terminal must reach the tests, which end their servers themselves.
            WorkingDirectory = folder.Path,
        };
        start.Environment["PATH"] = Programs.SearchPath;
        start.Environment[ServerFolder.Variable] = folder.Path;
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        var started = new TaskCompletionSource<ServerProcess>(TaskCreationOptions.RunContinuationsAsynchronously);
        Forks.Add(() =>
        {
            try
            {
                started.SetResult(new ServerProcess(Process.Start(start)!, log));
            }
            catch (Exception failure)
            {
                started.SetException(failure);
            }
        });
        return started.Task;
    }

    /// <summary>The last lines that the program wrote.</summary>
    public string Output() => File.Exists(_log) ? string.Join(Environment.NewLine, File.ReadLines(_log).TakeLast(LinesShown)) : "";

    /// <summary>Everything that the program wrote.</summary>
    public string WholeOutput()
    {
        using var log = new StreamReader(new FileStream(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return log.ReadToEnd();
    }

    /// <summary>Waits until <paramref name="ready"/> holds, at most <paramref name="within"/>, else <see cref="StartDeadline"/>. An answer that
    /// does not come within 10 s is asked for again.</summary>
    /// <exception cref="ServerFailedException">The program ended before, or was not ready in time; with its output.</exception>
    public async Task Ready(string name, Func<Task<bool>> ready, TimeSpan? within = null)
    {
        try
        {
            await Eventually.True(async () => HasExited || await ready().WaitAsync(LongestAnswer), within ?? StartDeadline, what: $"{name} to be ready");
        }
        catch (TimeoutException late)
        {
            throw new ServerFailedException($"{late.Message}{Environment.NewLine}{Output()}", late);
        }

        if (HasExited)
        {
            throw new ServerFailedException($"{name} ended with {ExitCode}:{Environment.NewLine}{Output()}");
        }
    }

    public void Signal(int signal)
    {
        if (!HasExited)
        {
            Posix.Signal(Pid, signal);
        }
    }

    /// <summary>Sends a signal and awaits the end; past the deadline it is killed. True when it ended by itself.</summary>
    public async Task<bool> End(int signal, TimeSpan deadline)
    {
        Signal(signal);
        using var late = new CancellationTokenSource(deadline);
        try
        {
            await _process.WaitForExitAsync(late.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            Signal(Posix.KillNow);
            await _process.WaitForExitAsync(CancellationToken.None);
            return false;
        }
    }

    public void Dispose() => _process.Dispose();
}
