using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Docker;

namespace DeployHub.Worker.ConfigSync;

/// <summary>
/// The image of the helpers: the worker host's own static busybox and nothing else, handed to an engine as a tar. No registry is asked.
/// The same busybox gives the same image, so its name says what it holds.
/// </summary>
public sealed class HelperImage(IConfiguration configuration)
{
    private static readonly DateTimeOffset Made = DateTimeOffset.UnixEpoch;

    private readonly string _program = configuration["DEPLOYHUB_BUSYBOX"] ?? "/bin/busybox";
    private readonly Lock _lock = new();
    private (string Name, byte[] Tar)? _made;

    /// <summary>The image's name on the engine, which holds it now.</summary>
    public async Task<string> Ensure(EngineClient engine, CancellationToken ct)
    {
        var (name, tar) = Make();
        if (await engine.FindImage(name, ct) is not null)
        {
            return name;
        }

        var info = await engine.GetInfo(ct);
        if (info.Architecture != Machine(RuntimeInformation.OSArchitecture))
        {
            throw new SyncFailureException(SyncErrorCodes.EngineError,
                $"The engine is of architecture {info.Architecture}, and this worker's busybox of {Machine(RuntimeInformation.OSArchitecture)}, so it cannot run there. Run a worker on a host of that architecture.");
        }

        await engine.LoadImage(new MemoryStream(tar, writable: false), ct);
        return name;
    }

    private (string Name, byte[] Tar) Make()
    {
        lock (_lock)
        {
            return _made ??= Read();
        }
    }

    private (string Name, byte[] Tar) Read()
    {
        byte[] program;
        try
        {
            program = File.ReadAllBytes(_program);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SyncFailureException(SyncErrorCodes.Internal,
                $"The worker has no busybox to write files with: {e.Message} Install the package busybox-static on the worker's host, or set DEPLOYHUB_BUSYBOX to a static busybox.");
        }

        var layer = Tar(("bin/busybox", program));
        var config = JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["architecture"] = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
            ["os"] = "linux",
            ["config"] = new JsonObject { ["Env"] = new JsonArray("PATH=/bin"), ["Cmd"] = new JsonArray("/bin/busybox", "sleep", "86400") },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray($"sha256:{Hex(layer)}") },
        });
        var name = $"deployhub/helper:{Hex(config)[..12]}";
        var manifest = new JsonArray(new JsonObject { ["Config"] = "config.json", ["RepoTags"] = new JsonArray(name), ["Layers"] = new JsonArray("layer.tar") });
        return (name, Tar(("config.json", config), ("layer.tar", layer), ("manifest.json", JsonSerializer.SerializeToUtf8Bytes(manifest))));
    }

    private static byte[] Tar(params (string Name, byte[] Content)[] files)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(content),
                    Mode = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute,
                    ModificationTime = Made,
                });
            }
        }

        return tar.ToArray();
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    // As the engine names its own.
    private static string Machine(Architecture architecture) => architecture == Architecture.Arm64 ? "aarch64" : "x86_64";
}
