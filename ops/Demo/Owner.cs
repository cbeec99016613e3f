using System.Diagnostics;
using System.Globalization;

namespace DeployHub.Demo;

/// <summary>
/// Whose images and containers they are. The images carry it as a label and their containers inherit it, so that everything is found
/// again on an engine that the demo shares with others, also by the next demo after one that was killed.
/// </summary>
internal sealed class Owner
{
    public const string Key = "deployhub-demo";

    private Owner(string value) => Value = value;

    /// <summary>The machine, the process, and when that process began.</summary>
    public string Value { get; }

    public string Label => $"{Key}={Value}";

    public static Owner Self()
    {
        using var self = Process.GetCurrentProcess();
        return new Owner(string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{self.Id}/{Begin(self)}"));
    }

    /// <summary>True when the label names a process of this machine that has ended. Those of other machines are not ours to judge.</summary>
    public static bool IsGone(string value)
    {
        if (value.Split('/') is not [var machine, var id, var begin] || machine != Environment.MachineName || !int.TryParse(id, CultureInfo.InvariantCulture, out var pid))
        {
            return false;
        }

        try
        {
            using var process = Process.GetProcessById(pid);
            return Begin(process) != begin;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    // To the minute: the kernel counts in ticks since its own start, and the result differs by a little from read to read.
    private static string Begin(Process process) => process.StartTime.ToUniversalTime().ToString("yyyyMMdd'T'HHmm", CultureInfo.InvariantCulture);
}
