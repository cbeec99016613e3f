using DeployHub.Servers;

namespace DeployHub.Demo;

/// <summary>
/// The folder of the host that the demo's config files go to, and a disk that holds little. It is made, looked at and removed by short
/// containers of the demo's own image, not by DeployHub: whoever may use the engine may run the demo, and what is seen is the engine's host.
/// </summary>
internal sealed class HostFolder
{
    public const int SmallDiskBytes = 256 * 1024;
    private const string Roof = "/srv";
    private const string Prefix = "deployhub-demo-";

    // Also of a demo that was killed.
    private const string OwnerFile = ".owner";
    private const string MakeScript = "umask 022; mkdir \"$1\" && echo \"$2\" > \"$1/" + OwnerFile + "\" && mkdir \"$1/catalog\" \"$1/payments\"";
    private const string OwnersScript = "for f in " + Roof + "/" + Prefix + "*/" + OwnerFile + "; do [ -f \"$f\" ] && echo \"${f%/*} $(cat \"$f\")\"; done; true";

    // One line a file: hash, mode and owner, and the moment of its last change; then all names in the folders.
    private const string LookScript = """
        for f; do
          [ -f "$f" ] && sum=$(sha256sum < "$f") && echo "${sum%% *} $(stat -c '%a %u:%g %z' "$f")" || echo absent
        done
        find "$0" "${f%/*}" -type f ! -name .owner
        """;

    private readonly DemoEngine _engine;
    private readonly string _image;

    private HostFolder(DemoEngine engine, string image, string path, string smallDisk) => (_engine, _image, Path, SmallDisk) = (engine, image, path, smallDisk);

    public string Path { get; }

    /// <summary>Where the host has mounted the volume that <see cref="MakeSmallDisk"/> made.</summary>
    public string SmallDisk { get; }

    /// <summary>A volume in memory that is full with <see cref="SmallDiskBytes"/>.</summary>
    public static Task MakeSmallDisk(DemoEngine engine, Owner owner, string name) => engine.Docker(
        "volume", "create", "--label", owner.Label, "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", $"o=size={SmallDiskBytes},mode=0755", name);

    public static async Task<HostFolder> Make(DemoEngine engine, Owner owner, string image, string run, string disk)
    {
        var path = $"{Roof}/{Prefix}{run}";
        await Run(engine, image, [Roof], MakeScript, "make", path, owner.Value);
        return new HostFolder(engine, image, path, await engine.Docker("volume", "inspect", "--format", "{{.Mountpoint}}", disk));
    }

    /// <summary>What the host holds at the paths of the files, and the paths of everything that stands in their folders.</summary>
    public async Task<(Dictionary<string, HostFile> Files, string All)> Look(ConfigFile[] files)
    {
        // The last one is on the small disk, which the script takes as the second folder to look through.
        string[] paths = [.. files.Select(x => x.Path)];
        var lines = (await Run(_engine, _image, [Path, SmallDisk], LookScript, [Path, .. paths])).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var seen = files.Zip(lines, (file, line) => (file.Filename, HostFile.Parse(line))).ToDictionary();
        return (seen, string.Join(' ', lines.Skip(files.Length).Order(StringComparer.Ordinal)));
    }

    /// <summary>Removes the folders of this demo and of those that were killed. Says what is left.</summary>
    public static async Task<string[]> Remove(DemoEngine engine, Owner owner)
    {
        if (engine.IsPrivate)
        {
            // It runs as root on this very machine, and a signal may have ended it already.
            RemoveHere(owner);
            return [];
        }

        // No image, no folder: it is made with one, and removed before it.
        if ((await engine.DockerLines("image", "ls", "-q", "--no-trunc", "--filter", $"label={owner.Label}")).FirstOrDefault() is not { } image)
        {
            return [];
        }

        var gone = await Gone();
        if (gone.Length > 0)
        {
            await Run(engine, image, [Roof], "rm -rf -- \"$@\"", ["remove", .. gone]);
            gone = await Gone();
        }

        return gone;

        async Task<string[]> Gone() => [.. (await Run(engine, image, [Roof], OwnersScript, "owners"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2))
            .Where(x => IsOver(x[1], owner))
            .Select(x => x[0])];
    }

    private static void RemoveHere(Owner owner)
    {
        foreach (var folder in Directory.Exists(Roof) ? Directory.GetDirectories(Roof, $"{Prefix}*") : [])
        {
            var file = System.IO.Path.Combine(folder, OwnerFile);
            if (File.Exists(file) && IsOver(File.ReadAllText(file).Trim(), owner))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static bool IsOver(string whose, Owner self) => whose == self.Value || Owner.IsGone(whose);

    private static Task<string> Run(DemoEngine engine, string image, string[] folders, string script, params string[] args) => engine.Docker(
        ["run", "--rm", "--network", "none", "--no-healthcheck", "--user", "0:0", .. folders.SelectMany(x => new[] { "-v", $"{x}:{x}" }),
            image, "/bin/busybox", "sh", "-c", script, .. args]);
}

/// <summary>A file as it stands on the host.</summary>
/// <param name="Hash">SHA-256 of its bytes; null when nothing is there.</param>
/// <param name="Rights">Mode, user and group.</param>
/// <param name="ChangedAt">When the file itself was last exchanged or changed, to the tick of the host's clock.</param>
internal sealed record HostFile(string? Hash, string Rights, string ChangedAt)
{
    public static HostFile Parse(string line) => line.Split(' ', 4) is [var hash, var mode, var owner, var changed]
        ? new HostFile($"sha256:{hash}", $"{mode.PadLeft(4, '0')} {owner}", changed)
        : new HostFile(null, "-", "-");
}
