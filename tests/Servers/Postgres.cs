using System.Globalization;

namespace DeployHub.Servers;

/// <summary>A PostgreSQL server of its own, on 127.0.0.1, without passwords.</summary>
public sealed class Postgres : IAsyncDisposable
{
    private const string Superuser = "postgres";
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(30);
    private readonly string[] _arguments;
    private ServerProcess? _process;

    private Postgres(ServerFolder folder, bool fsync, string[] settings)
    {
        (Folder, Port) = (folder, FreePorts.Next());
        _arguments =
        [
            "-D", Data, "-p", Port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1", "-c", $"unix_socket_directories={folder.In("postgres")}",
            "-c", $"fsync={(fsync ? "on" : "off")}", "-c", "max_connections=200", "-c", "shared_buffers=64MB",
            .. settings.SelectMany(setting => new[] { "-c", setting }),
        ];
    }

    /// <summary>Where it keeps everything.</summary>
    public ServerFolder Folder { get; }

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port { get; }

    private string Data => Folder.In("postgres/data");

    // The server refuses root; the package brings a user for it.
    private static string? User => Posix.IsRoot ? Superuser : null;

    /// <summary>Makes a cluster and starts it. With <paramref name="fsync"/> off it is faster and may lose data when the machine
    /// (not when the server) fails. <paramref name="settings"/> are further ones, <c>name=value</c>.</summary>
    public static async Task<Postgres> Start(bool fsync = true, params string[] settings)
    {
        var folder = ServerFolder.Create();
        try
        {
            var server = new Postgres(folder, fsync, settings);
            folder.Make("postgres");
            if (User is not null)
            {
                await Programs.Run("chown", [User, folder.In("postgres")]);
            }

            await Initialize(folder, server.Data);
            await server.StartAgain();
            return server;
        }
        catch
        {
            folder.Remove();
            throw;
        }
    }

    /// <summary>The connection string (Npgsql's words) of a database that exists.</summary>
    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Database={database};Username={Superuser}";

    /// <summary>Creates a database and returns its connection string. Without a name it gets one of its own.</summary>
    public async Task<string> CreateDatabase(string? name = null)
    {
        name ??= $"test_{Guid.NewGuid():N}";
        await Client("createdb", name);
        return ConnectionString(name);
    }

    /// <summary>Runs SQL and returns the rows, one a line, columns parted by '|'.</summary>
    public Task<string> Query(string database, string sql) => Client("psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-c", sql, database);

    /// <summary>SIGINT, the fast shutdown: sessions are ended, what is committed is written.</summary>
    public Task Stop() => _process!.End(Posix.Interrupt, StopDeadline);

    /// <summary>SIGKILL to the server and its backends: a crash. The next start recovers from the log.</summary>
    public async Task Kill()
    {
        var tree = KillTree();
        await _process!.End(Posix.KillNow, StopDeadline);
        // A backend that still holds the shared memory would refuse the next start.
        await Eventually.True(() => tree.All(pid => ProcessTable.StartTime(pid) is null), StopDeadline, "the backends to end");
    }

    /// <summary>Starts it again on the same port and data.</summary>
    public async Task StartAgain()
    {
        _process?.Dispose();
        _process = await ServerProcess.Start(Folder, Program("postgres"), _arguments, user: User);
        await _process.Ready("PostgreSQL", async () => await Query(Superuser, "select 1") == "1");
    }

    /// <summary>The last 200 lines of its log.</summary>
    public string Log() => _process!.Output();

    /// <summary>Ends it and removes its files.</summary>
    public ValueTask DisposeAsync()
    {
        // Backends overwrite the environment that would show them as ours, so the tree goes first.
        KillTree();
        Folder.Remove();
        _process?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task Initialize(ServerFolder folder, string data)
    {
        using var initdb = await ServerProcess.Start(
            folder, Program("initdb"), ["-D", data, "-U", Superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], user: User);
        var inTime = await initdb.End(signal: 0, ServerProcess.StartDeadline);
        if (!inTime || initdb.ExitCode != 0)
        {
            throw new ServerFailedException($"initdb ended with {initdb.ExitCode}:{Environment.NewLine}{initdb.Output()}");
        }
    }

    // The server before its backends, or it would start new ones.
    private IReadOnlyList<int> KillTree()
    {
        var tree = _process is { HasExited: false } ? ProcessTable.Tree(_process.Pid) : [];
        foreach (var pid in tree)
        {
            Posix.Signal(pid, Posix.KillNow);
        }

        return tree;
    }

    private Task<string> Client(string program, params string[] args) =>
        Programs.Run(Program(program), ["-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", Superuser, "-w", .. args]);

    // Debian keeps each major version's programs off the PATH: the newest that is there.
    internal static string Program(string name) =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.EnumerateDirectories("/usr/lib/postgresql").OrderByDescending(version => double.Parse(Path.GetFileName(version), CultureInfo.InvariantCulture))
                .Select(version => Path.Combine(version, "bin", name)).FirstOrDefault(File.Exists) ?? Programs.Find(name)
            : Programs.Find(name);
}
