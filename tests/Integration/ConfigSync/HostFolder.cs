using System.Text;
using DeployHub.Servers;

namespace DeployHub.Integration.ConfigSync;

/// <summary>A folder of the host, which batches write and a test looks at.</summary>
public sealed class HostFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("deployhub-host-").FullName;

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public async Task Put(string name, byte[] bytes, string mode = "644", string owner = "0:0")
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(At(name))!);
        await File.WriteAllBytesAsync(At(name), bytes);

        // In this order: a new owner takes the bits of set-user-id away.
        await Programs.Run("chown", [owner, At(name)]);
        await Programs.Run("chmod", [mode, At(name)]);
    }

    public Task Put(string name, string text, string mode = "644", string owner = "0:0") => Put(name, Encoding.UTF8.GetBytes(text), mode, owner);

    /// <summary>Everything in it, a line each: name, kind, mode, owner and bytes.</summary>
    public async Task<string> Look()
    {
        string[] all = [.. Directory.EnumerateFileSystemEntries(Path, "*", SearchOption.AllDirectories).Order()];
        if (all.Length == 0)
        {
            return "";
        }

        var stats = (await Programs.Run("stat", ["-c", "%F %a %u %g", .. all])).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(all.Zip(stats, (path, stat) => $"{System.IO.Path.GetRelativePath(Path, path)} {stat} {Bytes(path)}\n"));
    }

    /// <summary>The line of <see cref="Look"/> for a regular file.</summary>
    public static string Line(string name, byte[] bytes, string mode = "644", string owner = "0:0") =>
        $"{name} regular {(bytes.Length == 0 ? "empty " : "")}file {mode} {owner.Replace(':', ' ')} {Convert.ToHexString(bytes)}\n";

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static string Bytes(string path) =>
        File.Exists(path) && new FileInfo(path).LinkTarget is null ? Convert.ToHexString(File.ReadAllBytes(path)) : "";
}
