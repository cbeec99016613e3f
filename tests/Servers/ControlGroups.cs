using System.Globalization;

namespace DeployHub.Servers;

/// <summary>The control group that an engine of ours keeps its containers in: how container processes, which share nothing
/// else with their engine, are found and ended.</summary>
internal static class ControlGroups
{
    private const string Root = "/sys/fs/cgroup";

    public static IEnumerable<int> Pids(ServerFolder folder) =>
        Groups(folder).SelectMany(group => Lines(Path.Combine(group, "cgroup.procs"))).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).Where(pid => pid > 1).Distinct();

    /// <summary>Removes the (empty) groups, the innermost first.</summary>
    public static void Remove(ServerFolder folder)
    {
        foreach (var group in Groups(folder).OrderByDescending(path => path.Length))
        {
            try
            {
                Directory.Delete(group);
            }
            catch (IOException)
            {
                // The kernel lets go of a group a moment after its last process: Exist() tells the caller to come again.
            }
        }
    }

    public static bool Exist(ServerFolder folder) => Groups(folder).Length > 0;

    // Version 1 has a tree for each controller, version 2 one for all.
    private static string[] Groups(ServerFolder folder)
    {
        if (!Directory.Exists(Root))
        {
            return [];
        }

        return Directory.EnumerateDirectories(Root).Append(Root)
            .Select(tree => Path.Combine(tree, folder.ControlGroup))
            .Where(Directory.Exists)
            .SelectMany(top => Directory.EnumerateDirectories(top, "*", SearchOption.AllDirectories).Prepend(top))
            .ToArray();
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
