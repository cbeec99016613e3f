namespace DeployHub.Integration.Examples;

/// <summary>Examples in a folder of a test's own: what they write goes with it.</summary>
internal sealed class CopiedFolder : IDisposable
{
    private static readonly string[] Built = ["bin", "obj", "feed", "node_modules"];

    /// <param name="source">The folder to copy.</param>
    /// <param name="place">Where below the root it lies, for those that refer to what lies beside them.</param>
    public CopiedFolder(string source, string place = "")
    {
        Path = System.IO.Path.Combine(Root, place);
        Copy(source, Path);
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("deployhub-example-").FullName;

    /// <summary>Where the copy is.</summary>
    public string Path { get; }

    public void Add(string source, string place) => Copy(source, System.IO.Path.Combine(Root, place));

    public static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var file in Directory.GetFiles(source))
        {
            File.Copy(file, System.IO.Path.Combine(target, System.IO.Path.GetFileName(file)));
        }

        foreach (var folder in Directory.GetDirectories(source).Where(folder => !Built.Contains(System.IO.Path.GetFileName(folder))))
        {
            Copy(folder, System.IO.Path.Combine(target, System.IO.Path.GetFileName(folder)));
        }
    }

    /// <summary>Takes the versions of a package that were packed here out of the user's package folder again.</summary>
    public void ForgetPackage(string name)
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (var version in Directory.Exists(System.IO.Path.Combine(Path, "feed")) ? Directory.GetFiles(System.IO.Path.Combine(Path, "feed"), "*.nupkg") : [])
        {
            var unpacked = System.IO.Path.Combine(packages, name, System.IO.Path.GetFileNameWithoutExtension(version)[(name.Length + 1)..]);
            if (Directory.Exists(unpacked))
            {
                Directory.Delete(unpacked, recursive: true);
            }
        }
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
