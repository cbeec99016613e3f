using System.Formats.Tar;
using System.Security.Cryptography;

namespace DeployHub.Worker.ConfigSync;

/// <summary>A regular file: its bytes and all that is kept of it beside them.</summary>
internal sealed record FileState(byte[] Bytes, int Mode, int Uid, int Gid, DateTimeOffset ModifiedAt)
{
    /// <summary>The word for a path where nothing stands.</summary>
    public const string Absent = "absent";

    private readonly string _hex = Convert.ToHexStringLower(SHA256.HashData(Bytes));

    public string Hash => $"sha256:{_hex}";

    /// <summary>Bytes, mode and owner in one line, as the helper's shell prints them of a file.</summary>
    public string Mark => $"{_hex} {Convert.ToString(Mode, 8)}:{Uid}:{Gid}";

    public bool IsSameAs(FileState? other) => other is not null && Mark == other.Mark;

    /// <summary>A tar with this file alone, under <paramref name="name"/>.</summary>
    public MemoryStream Tar(string name) => Tar([(name, this)]);

    /// <summary>A tar of files, each under its name.</summary>
    public static MemoryStream Tar(IEnumerable<(string Name, FileState File)> files)
    {
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Gnu, leaveOpen: true))
        {
            foreach (var (name, file) in files)
            {
                // GNU's format holds user ids beyond two million, which the plain one does not.
                writer.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(file.Bytes), Mode = (UnixFileMode)file.Mode, Uid = file.Uid, Gid = file.Gid, ModificationTime = file.ModifiedAt,
                });
            }
        }

        tar.Position = 0;
        return tar;
    }

    /// <summary>The first entry of a tar; null when it is no regular file.</summary>
    public static async Task<FileState?> FromTar(Stream tar, int mostBytes, CancellationToken ct)
    {
        await using var reader = new TarReader(tar, leaveOpen: true);
        if (await reader.GetNextEntryAsync(copyData: false, ct) is not { EntryType: TarEntryType.RegularFile or TarEntryType.V7RegularFile } entry)
        {
            return null;
        }

        if (entry.Length > mostBytes)
        {
            throw new InvalidDataException($"it has {entry.Length} bytes; at most {mostBytes} are kept for a rollback");
        }

        var bytes = new byte[entry.Length];
        if (entry.DataStream is { } data)
        {
            await data.ReadExactlyAsync(bytes, ct);
        }

        return new FileState(bytes, (int)entry.Mode, entry.Uid, entry.Gid, entry.ModificationTime);
    }
}
