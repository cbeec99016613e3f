using System.Runtime.InteropServices;

namespace DeployHub.Servers;

/// <summary>The few system calls that .NET has no API for.</summary>
internal static partial class Posix
{
    public const int Interrupt = 2;
    public const int KillNow = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;
    private const int Detach = 2;

    /// <summary>Sends a signal; a process that is gone already is no error.</summary>
    public static void Signal(int pid, int signal)
    {
        // 0 and negative numbers mean whole groups of processes: never.
        ArgumentOutOfRangeException.ThrowIfLessThan(pid, 2);
        _ = Kill(pid, signal);
    }

    /// <summary>Unmounts lazily: also where a process still has a file open below.</summary>
    public static void Unmount(string path) => _ = Unmount(path, Detach);

    public static bool IsRoot => EffectiveUser() == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string path, int flags);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
