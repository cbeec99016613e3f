using System.Diagnostics;

namespace DeployHub.Servers;

/// <summary>What test servers leave on the machine, and its removal: processes, mounts, bridges, control groups, files.</summary>
public static class Leftovers
{
    private const string ShimAddresses = "exec/containerd/daemon/io.containerd.runtime.v2.task/moby";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    /// <summary>Removes what test processes that are gone have left. Runs by itself before the first server of a process.</summary>
    public static void Sweep()
    {
        foreach (var folder in ServerFolder.All().Where(folder => folder.IsOrphan()))
        {
            try
            {
                Remove(folder);
            }
            catch (Exception failure) when (failure is IOException or ServerFailedException or UnauthorizedAccessException)
            {
                // Another test process may be sweeping the same folder; what is really stuck is told and left to the next one.
                Console.Error.WriteLine($"{folder.Path} could not be swept: {failure.Message}");
            }
        }
    }

    /// <summary>What there still is of a server that was disposed; empty when all is gone. Each entry names one thing.</summary>
    public static IReadOnlyList<string> Of(ServerFolder folder) =>
    [
        .. ProcessTable.Of(folder).Select(pid => $"process {pid} {ProcessTable.Name(pid)}"),
        .. Mounts(folder).Select(path => $"mount {path}"),
        .. Networks.Interfaces(folder).Select(name => $"interface {name}"),
        .. ControlGroups.Exist(folder) ? new[] { $"control group {folder.ControlGroup}" } : [],
        .. Directory.Exists(folder.Path) ? new[] { $"folder {folder.Path}" } : [],
    ];

    internal static void Remove(ServerFolder folder)
    {
        var watch = Stopwatch.StartNew();
        while (!Clear(folder))
        {
            if (watch.Elapsed > Deadline)
            {
                throw new ServerFailedException($"Not to be removed: {string.Join(", ", Of(folder))}");
            }

            Thread.Sleep(10);
        }

        foreach (var socket in ShimSockets(folder))
        {
            File.Delete(socket);
        }

        Networks.Remove(folder);
        // One file system only: were a mount of somebody else's folder below, its contents must not go.
        using var rm = Process.Start(Programs.Find("rm"), ["-rf", "--one-file-system", "--", folder.Path]);
        rm.WaitForExit();
    }

    /// <summary>One round; true when no process, mount or control group is left.</summary>
    private static bool Clear(ServerFolder folder)
    {
        var pids = ProcessTable.Of(folder);
        foreach (var pid in pids)
        {
            Posix.Signal(pid, Posix.KillNow);
        }

        if (pids.Count > 0)
        {
            return false;
        }

        foreach (var path in Mounts(folder))
        {
            Posix.Unmount(path);
        }

        ControlGroups.Remove(folder);
        return Mounts(folder).Length == 0 && !ControlGroups.Exist(folder);
    }

    // The innermost mount first. The kernel writes blanks in paths as \040; our paths hold none.
    private static string[] Mounts(ServerFolder folder) =>
        [.. File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')[1])
            .Where(path => path == folder.Path || path.StartsWith(folder.Path + "/", StringComparison.Ordinal))
            .OrderByDescending(path => path.Length)];

    // A killed shim leaves its socket outside the engine's folders, under /run/containerd/s.
    private static string[] ShimSockets(ServerFolder folder)
    {
        var tasks = folder.In(ShimAddresses);
        return Directory.Exists(tasks)
            ? Directory.EnumerateFiles(tasks, "address", SearchOption.AllDirectories)
                .Select(file => File.ReadAllText(file).Replace("unix://", "", StringComparison.Ordinal))
                .Where(path => path.StartsWith("/run/containerd/s/", StringComparison.Ordinal)).ToArray()
            : [];
    }
}
