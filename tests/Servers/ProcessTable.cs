using System.Globalization;
using System.Text;

namespace DeployHub.Servers;

/// <summary>Reads /proc: which processes belong to a server's folder.</summary>
internal static class ProcessTable
{
    /// <summary>The kernel's start time of a process, which tells it from a later one with the same number; null when it is gone.</summary>
    public static string? StartTime(int pid) => Stat(pid) is { } stat && stat[0] != "Z" ? stat[19] : null;

    /// <summary>Living processes that carry the folder's mark in their environment, or run in its control group.</summary>
    public static IReadOnlyCollection<int> Of(ServerFolder folder)
    {
        var mark = Encoding.UTF8.GetBytes($"{ServerFolder.Variable}={folder.Path}\0");
        return Pids().Where(pid => Carries(pid, mark)).Union(ControlGroups.Pids(folder)).ToArray();
    }

    /// <summary>A process and all below it, parents first.</summary>
    public static IReadOnlyList<int> Tree(int pid)
    {
        var children = Pids().Select(p => (Pid: p, Stat: Stat(p))).Where(p => p.Stat is not null && p.Stat[0] != "Z")
            .ToLookup(p => int.Parse(p.Stat![1], CultureInfo.InvariantCulture), p => p.Pid);
        var tree = new List<int> { pid };
        for (var i = 0; i < tree.Count; i++)
        {
            tree.AddRange(children[tree[i]]);
        }

        return tree;
    }

    /// <summary>The name of the program that a process runs; empty when it is gone.</summary>
    public static string Name(int pid) => Read($"/proc/{pid}/comm") is { } bytes ? Encoding.UTF8.GetString(bytes).Trim() : "";

    private static IEnumerable<int> Pids() =>
        Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var pid) ? pid : 0).Where(pid => pid > 1);

    private static bool Carries(int pid, byte[] mark) =>
        Read($"/proc/{pid}/environ") is { } environment && environment.AsSpan().IndexOf(mark) >= 0;

    // Fields after the program's name, which stands in parentheses and may itself hold blanks: state, parent, …
    private static string[]? Stat(int pid) =>
        Read($"/proc/{pid}/stat") is { } bytes && Encoding.UTF8.GetString(bytes) is var text && text.LastIndexOf(')') is > 0 and var end
            ? text[(end + 2)..].Split(' ')
            : null;

    private static byte[]? Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
