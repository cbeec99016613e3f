using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace DeployHub.Servers;

/// <summary>The one folder that a server keeps everything in. Its random name also marks the server's processes (by an
/// environment variable), its bridge and its control group, so that all of it can be found again after a crash.</summary>
public sealed class ServerFolder
{
    internal const string Prefix = "deployhub-";
    internal const string Variable = "DEPLOYHUB_SERVER_FOLDER";
    private const string OwnerFile = "owner";
    private static readonly ConcurrentDictionary<string, ServerFolder> Live = new();
    private static readonly Lazy<bool> SweptBefore = new(() =>
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => RemoveAll();
        // Since .NET 10 the runtime lets SIGTERM end the process without ProcessExit.
        Terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => RemoveAll());
        Leftovers.Sweep();
        return true;
    });

    // Held for as long as the process lives, or the collector would end the registration.
    private static PosixSignalRegistration? Terminated;

    private ServerFolder(string path) => Path = path;

    /// <summary>The absolute path.</summary>
    public string Path { get; }

    internal string Id => System.IO.Path.GetFileName(Path)[Prefix.Length..];

    internal string Bridge => $"dh{Id}";

    internal string ControlGroup => $"{Prefix}{Id}";

    internal string SubnetFile => In("subnet");

    internal static ServerFolder Create()
    {
        _ = SweptBefore.Value;
        var id = RandomNumberGenerator.GetHexString(8, lowercase: true);
        var folder = new ServerFolder(System.IO.Path.Combine(System.IO.Path.GetTempPath(), Prefix + id));
        Directory.CreateDirectory(folder.Path);
        using var self = Process.GetCurrentProcess();
        File.WriteAllText(folder.In(OwnerFile), $"{self.Id} {ProcessTable.StartTime(self.Id)}");
        Live[folder.Path] = folder;
        return folder;
    }

    internal static IEnumerable<ServerFolder> All() =>
        Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*").Select(path => new ServerFolder(path));

    internal string In(string name) => System.IO.Path.Combine(Path, name);

    internal string Make(string name) => Directory.CreateDirectory(In(name)).FullName;

    /// <summary>True when the process that made the folder is gone. A folder without an owner's name is not ours to judge.</summary>
    internal bool IsOrphan()
    {
        try
        {
            var parts = File.ReadAllText(In(OwnerFile)).Split(' ');
            return parts.Length == 2 && ProcessTable.StartTime(int.Parse(parts[0], CultureInfo.InvariantCulture)) != parts[1];
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Ends what still runs out of the folder and removes it with its mounts, bridges and control groups.</summary>
    internal void Remove()
    {
        Leftovers.Remove(this);
        Live.TryRemove(Path, out _);
    }

    private static void RemoveAll()
    {
        foreach (var folder in Live.Values)
        {
            try
            {
                folder.Remove();
            }
            catch (Exception failure) when (failure is IOException or ServerFailedException)
            {
                Console.Error.WriteLine($"{folder.Path} is left for the next run: {failure.Message}");
            }
        }
    }
}
