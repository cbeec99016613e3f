using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>What stands at a path in a container (Engine API, header <c>X-Docker-Container-Path-Stat</c>).</summary>
/// <param name="Name">The last part of the path.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Permissions">The permission bits, as in octal 0644.</param>
/// <param name="IsDirectory">Whether it is a folder.</param>
/// <param name="IsSymlink">Whether it is a symbolic link.</param>
/// <param name="ModifiedAt">When it was last written.</param>
/// <param name="LinkTarget">Where a symbolic link leads; empty otherwise.</param>
public sealed record PathStat(string Name, long Size, int Permissions, bool IsDirectory, bool IsSymlink, DateTimeOffset ModifiedAt, string LinkTarget)
{
    // The engine writes Go's os.FileMode, not the kernel's st_mode.
    private const long GoDirectory = 1L << 31;
    private const long GoSymlink = 1L << 27;

    internal static PathStat From(JsonNode json)
    {
        var mode = json.Number("mode");
        return new(
            json.Text("name"), json.Number("size"), (int)(mode & 0b111_111_111), (mode & GoDirectory) != 0, (mode & GoSymlink) != 0, Json.Moment(json.Text("mtime")), json.Text("linkTarget"));
    }
}
