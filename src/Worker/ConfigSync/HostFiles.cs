using DeployHub.Contracts.ConfigSync;
using DeployHub.Docker;
using DeployHub.Domain.Servers;

namespace DeployHub.Worker.ConfigSync;

/// <summary>Files of a host, through a helper: read, put beside, exchanged by one rename. Paths are the host's.</summary>
internal static class HostFiles
{
    /// <summary>The largest file that is read and kept for a rollback.</summary>
    private const int MostBytes = 32 * 1024 * 1024;

    private const int MostLinks = 40;

    private const int FolderGone = 10;
    private const int FolderIsLink = 11;
    private const int TargetDiffers = 12;
    private const int TemporaryDiffers = 13;
    private const int NotExchanged = 14;

    private const string RemoveScript = "cd -- \"$1\" && rm -f \"./$2\"";

    /// <summary>Refuses, as text alone, a path that lies in none of the folders that may be written.</summary>
    public static void CheckAllowed(Server server, string path)
    {
        if (!HostPath.IsPlain(path) || HostPath.Within(HostPath.Parent(path), Allowed(server)) is null)
        {
            throw NotAllowed(server, path, "");
        }
    }

    /// <summary>The file at a path, or null when nothing is there. Follows the host's links of the folders as far as the helper sees them.</summary>
    public static async Task<FileState?> Read(Helper helper, string path, CancellationToken ct)
    {
        var inside = Helper.Inside(path);
        try
        {
            await using var tar = await helper.Engine.GetArchive(helper.ContainerId, inside, ct);
            return await FileState.FromTar(tar, MostBytes, ct) ?? throw new SyncFailureException(SyncErrorCodes.TargetIsNoFile,
                $"«{path}» on server «{helper.ServerName}» is a folder, a link or a device, not a file. Remove it, or name another path.");
        }
        catch (EngineNotFoundException)
        {
            // The container or the path: the look tells, and throws when it is the container.
            return await helper.Engine.FindPath(helper.ContainerId, inside, ct) is null
                ? null
                : throw new EngineResponseLostException($"«{path}» came into being while it was read.");
        }
        catch (InvalidDataException e)
        {
            throw new SyncFailureException(SyncErrorCodes.EngineError, $"«{path}» on server «{helper.ServerName}» cannot be read: {e.Message}.");
        }
    }

    /// <summary>The path with every link in its folders followed as the host would; refused when that leaves the folders that may be written.</summary>
    public static async Task<string> Resolve(Helper helper, Server server, string path, CancellationToken ct)
    {
        var folder = HostPath.Parent(path);
        var via = "";
        for (var links = 0; links <= MostLinks; links++)
        {
            if (HostPath.Within(folder, Allowed(server)) is null)
            {
                throw NotAllowed(server, path, via);
            }

            var root = HostPath.Within(folder, helper.Folders) ?? throw MissingFolder(server, path, HostPath.Within(folder, Allowed(server))!);
            if (await FollowOne(helper, server, path, root, folder, ct) is not { } link)
            {
                return HostPath.Join(folder, HostPath.Name(path));
            }

            (folder, via) = (link.Folder, $" The link «{link.Link}» leads to «{link.Folder}».");
        }

        throw NotAllowed(server, path, " Its links go in a circle.");
    }

    /// <summary>Puts the file beside its target, complete, under a name of its own.</summary>
    public static Task PutBeside(Helper helper, string path, string temporary, FileState file, CancellationToken ct) =>
        helper.Calls.Put(Helper.Inside(HostPath.Parent(path)), temporary, file, ct);

    /// <summary>
    /// Exchanges the target by one rename (or removes it), if it still is <paramref name="seen"/>. Null: done, and read back on the host as
    /// <paramref name="wanted"/>. Otherwise the error; <see cref="Exchanged.Untouched"/> tells whether the target certainly is as it was.
    /// </summary>
    public static async Task<Exchanged> Exchange(Helper helper, string path, string temporary, FileState? seen, FileState? wanted, CancellationToken ct)
    {
        var (before, after) = (seen?.Mark ?? FileState.Absent, wanted?.Mark ?? FileState.Absent);
        var (folder, name) = (HostPath.Parent(path), HostPath.Name(path));
        var (exitCode, said) = await helper.Calls.Exchange(new ExchangeFile(Helper.Inside(folder), name, temporary, before, after), ct);
        return exitCode switch
        {
            0 when said == after => new Exchanged(null, Untouched: false),
            0 => Failed(SyncErrorCodes.ReadBackDiffers, $"«{path}» on server «{helper.ServerName}» was written, but what was read back is not what was written. Somebody else writes it, or the disk is broken.", false),
            FolderGone => Failed(SyncErrorCodes.MissingFolder, $"Folder «{folder}» on server «{helper.ServerName}» is not there any more.", true),
            FolderIsLink => Failed(SyncErrorCodes.PathNotAllowed, $"Folder «{folder}» on server «{helper.ServerName}» has become a symbolic link.", true),
            TargetDiffers => Failed(SyncErrorCodes.ChangedOnHost, $"«{path}» on server «{helper.ServerName}» was changed by somebody else just now, so it was left alone. Sync again once that has ended.", true),
            TemporaryDiffers => Failed(SyncErrorCodes.ChangedOnHost, $"The file that was put beside «{path}» on server «{helper.ServerName}» is not there any more: the folder was replaced. Sync again.", true),
            // Whatever else ended the script may have ended it behind the rename.
            _ => Failed(SyncFaults.CodeOf(said), $"«{path}» on server «{helper.ServerName}» could not be written: {said}", exitCode == NotExchanged),
        };

        static Exchanged Failed(string code, string message, bool untouched) => new(new SyncError(code, message), untouched);
    }

    /// <summary>Removes what was put beside the target, if it is still there.</summary>
    public static Task RemoveBeside(Helper helper, string path, string temporary, CancellationToken ct) => helper.Engine.Exec(
        helper.ContainerId, ["/bin/busybox", "sh", "-c", RemoveScript, "deployhub", Helper.Inside(HostPath.Parent(path)), temporary], ct: ct);

    private static async Task<(string Link, string Folder)?> FollowOne(Helper helper, Server server, string path, string root, string folder, CancellationToken ct)
    {
        var at = root;
        var parts = folder[(root == "/" ? 0 : root.Length)..].Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < parts.Length; i++)
        {
            at = HostPath.Join(at, parts[i]);
            var stat = await helper.Engine.FindPath(helper.ContainerId, Helper.Inside(at), ct) ?? throw MissingFolder(server, path, at);
            if (stat.IsSymlink)
            {
                return (at, parts[(i + 1)..].Aggregate(HostPath.Trimmed(Helper.Outside(stat.LinkTarget)), HostPath.Join));
            }

            if (!stat.IsDirectory)
            {
                throw MissingFolder(server, path, at);
            }
        }

        return null;
    }

    private static IEnumerable<string> Allowed(Server server) => (server.WritableFolders ?? Server.DefaultWritableFolders).Select(HostPath.Trimmed);

    private static SyncFailureException MissingFolder(Server server, string path, string folder) => new(SyncErrorCodes.MissingFolder,
        $"Folder «{folder}» of «{path}» does not exist on server «{server.Name}». Create it; DeployHub makes no folders.");

    private static SyncFailureException NotAllowed(Server server, string path, string via) => new(SyncErrorCodes.PathNotAllowed,
        $"«{path}» is in none of the folders that may be written on server «{server.Name}» ({string.Join(", ", Allowed(server))}).{via} Name another path, or allow its folder on the server.");
}

/// <summary>How an exchange ended.</summary>
/// <param name="Error">Null when it was done.</param>
/// <param name="Untouched">It was refused before anything was changed.</param>
internal sealed record Exchanged(SyncError? Error, bool Untouched);
