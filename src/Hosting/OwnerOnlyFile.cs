using System.Text;

namespace DeployHub.Hosting;

/// <summary>Files that hold a secret.</summary>
public static class OwnerOnlyFile
{
    /// <summary>Writes a file that its owner alone can read, whole or not at all.</summary>
    public static void Write(string path, string text)
    {
        var temporary = path + ".new";
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(temporary, options))
        {
            file.Write(Encoding.UTF8.GetBytes(text + "\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
