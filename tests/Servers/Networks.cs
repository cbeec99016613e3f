using System.Diagnostics;

namespace DeployHub.Servers;

/// <summary>The bridge and the address range of a test engine: 10.x.0.0/16, of which 10.x.0.0/24 is its default bridge and
/// 10.x.128.0/17 the pool of the networks that are created on it.</summary>
internal static class Networks
{
    /// <summary>Makes the engine's bridge on a range that nothing on this machine uses and returns the range's start, "10.x".</summary>
    public static string Create(ServerFolder folder)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var range = $"10.{Random.Shared.Next(100, 250)}";
            if (Used().Contains($"{range}.", StringComparison.Ordinal))
            {
                continue;
            }

            Ip("link", "add", "name", folder.Bridge, "type", "bridge");
            Ip("addr", "add", $"{range}.0.1/24", "dev", folder.Bridge);
            Ip("link", "set", folder.Bridge, "up");
            if (With(range).Count() == 1)
            {
                File.WriteAllText(folder.SubnetFile, range);
                return range;
            }

            // Another test process took the same range at the same moment: both give way.
            Ip("link", "del", folder.Bridge);
        }

        throw new ServerFailedException("No free 10.x.0.0/16 on this machine.");
    }

    /// <summary>The engine's bridge and those of the networks that were made on it.</summary>
    public static IEnumerable<string> Interfaces(ServerFolder folder)
    {
        var ours = Directory.Exists($"/sys/class/net/{folder.Bridge}") ? new[] { folder.Bridge } : [];
        return File.Exists(folder.SubnetFile) ? With(File.ReadAllText(folder.SubnetFile)).Union(ours) : ours;
    }

    public static void Remove(ServerFolder folder)
    {
        foreach (var name in Interfaces(folder).ToArray())
        {
            Ip("link", "del", name);
        }
    }

    private static IEnumerable<string> With(string range) =>
        Ip("-o", "-4", "addr").Split('\n').Where(line => line.Contains($" inet {range}.", StringComparison.Ordinal)).Select(line => line.Split(' ')[1]);

    private static string Used() =>
        Ip("-4", "addr") + Ip("-4", "route", "show", "table", "all") + (File.Exists("/etc/resolv.conf") ? File.ReadAllText("/etc/resolv.conf") : "");

    private static string Ip(params string[] arguments)
    {
        using var ip = Process.Start(new ProcessStartInfo(Programs.Find("ip"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = ip.StandardOutput.ReadToEnd();
        var errors = ip.StandardError.ReadToEnd();
        ip.WaitForExit();
        return ip.ExitCode == 0 || errors.Contains("Cannot find device", StringComparison.Ordinal)
            ? output
            : throw new ServerFailedException($"ip {string.Join(' ', arguments)}: {errors.Trim()}");
    }
}
