using System.Formats.Tar;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace DeployHub.EngineSimulator.Containers;

/// <summary>A file or folder.</summary>
/// <param name="Mode">The permission bits.</param>
/// <param name="Modified">When it was written.</param>
/// <param name="Content">Null for a folder.</param>
internal sealed record FileEntry(int Mode, DateTimeOffset Modified, byte[]? Content);

/// <summary>What a container's files are: its image's, and what was put there.</summary>
internal sealed class FileTree(IReadOnlyDictionary<string, FileEntry> below)
{
    // Go's os.FileMode, as the engine writes it.
    private const long GoDirectory = 1L << 31;
    private readonly Dictionary<string, FileEntry> _above = [];

    public static string Clean(string path) => "/" + string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."));

    /// <summary>Unpacks an archive below a folder.</summary>
    public static async Task Unpack(Stream tar, string folder, Action<string, FileEntry> add, CancellationToken ct)
    {
        // A reader of tars reads bit by bit and not always asynchronously, which a request's body does not allow.
        using var whole = new MemoryStream();
        await tar.CopyToAsync(whole, ct);
        whole.Position = 0;
        await using var reader = new TarReader(whole, leaveOpen: true);
        while (await reader.GetNextEntryAsync(copyData: true, ct) is { } entry)
        {
            using var content = new MemoryStream();
            await (entry.DataStream?.CopyToAsync(content, ct) ?? Task.CompletedTask);
            var isFile = entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile;
            if (isFile || entry.EntryType == TarEntryType.Directory)
            {
                add(Clean($"{folder}/{entry.Name}"), new FileEntry((int)entry.Mode, entry.ModificationTime, isFile ? content.ToArray() : null));
            }
        }
    }

    /// <summary>Folders need no entry of their own where something lies in them.</summary>
    public FileEntry? Find(string path) =>
        path == "/" ? Folder() : _above.GetValueOrDefault(path) ?? below.GetValueOrDefault(path) ?? (Inside(path).Any() ? Folder() : null);

    public void Add(string path, FileEntry entry) => _above[path] = entry;

    public static string Stat(string path, FileEntry entry) => Convert.ToBase64String(Encoding.UTF8.GetBytes(new JsonObject
    {
        ["name"] = Path.GetFileName(path),
        ["size"] = entry.Content?.Length ?? 4096,
        ["mode"] = (uint)entry.Mode | (entry.Content is null ? GoDirectory : 0),
        ["mtime"] = entry.Modified.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        ["linkTarget"] = "",
    }.ToJsonString()));

    /// <summary>A file, or a folder with all that lies in it, under its own name.</summary>
    public byte[] Pack(string path)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (at, entry) in Inside(path).Prepend(KeyValuePair.Create(path, Find(path)!)))
            {
                var name = Path.GetFileName(path) + at[path.Length..];
                writer.WriteEntry(new PaxTarEntry(entry.Content is null ? TarEntryType.Directory : TarEntryType.RegularFile, name)
                {
                    Mode = (UnixFileMode)entry.Mode, ModificationTime = entry.Modified, DataStream = entry.Content is null ? null : new MemoryStream(entry.Content),
                });
            }
        }

        return tar.ToArray();
    }

    private IEnumerable<KeyValuePair<string, FileEntry>> Inside(string folder) =>
        _above.Concat(below.Where(file => !_above.ContainsKey(file.Key))).Where(file => file.Key.StartsWith($"{folder}/", StringComparison.Ordinal));

    private static FileEntry Folder() => new(0b111_101_101, DateTimeOffset.UnixEpoch, null);
}
