using System.Text;

namespace DeployHub.Domain.ConfigFiles;

/// <summary>What a path on a host may look like. Whether it lies in a writable folder is the worker's to see, links and all.</summary>
public static class TargetPath
{
    // Linux: PATH_MAX and NAME_MAX, in bytes.
    private const int LongestPath = 4096;
    private const int LongestName = 255;
    private const int Private = 0x180; // 0600
    private const int Readable = 0x1A4; // 0644

    /// <summary>Why this cannot be a file's path, as the end of a sentence that begins with the field; null when it can.</summary>
    public static string? Problem(string path) => path.Length > 1 && path.EndsWith('/') ? "must name a file; it ends in «/»." : FolderProblem(path);

    /// <summary>The same for a folder; only the root is never one that may be written.</summary>
    public static string? FolderProblem(string path)
    {
        if (!path.StartsWith('/'))
        {
            return "must be an absolute path, beginning with «/».";
        }

        if (path.Length == 1)
        {
            return "must not be «/» itself.";
        }

        if (path.Any(char.IsControl))
        {
            return "must not hold control characters.";
        }

        if (Encoding.UTF8.GetByteCount(path) > LongestPath)
        {
            return $"must not be longer than {LongestPath} bytes.";
        }

        foreach (var name in path[1..].Split('/'))
        {
            var problem = name switch
            {
                "" => "must be in normal form: no «//», and no «/» at its end.",
                "." or ".." => "must be in normal form, without «.» and «..».",
                _ when Encoding.UTF8.GetByteCount(name) > LongestName => $"must not hold a name longer than {LongestName} bytes.",
                _ => null,
            };
            if (problem is not null)
            {
                return problem;
            }
        }

        return null;
    }

    /// <summary>The permission bits where none are given: files of environment variables tend to hold secrets.</summary>
    public static int DefaultMode(string path) => path.EndsWith(".env", StringComparison.Ordinal) ? Private : Readable;
}
