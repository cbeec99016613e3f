using System.Security.Cryptography;
using System.Text;

namespace DeployHub.Demo;

/// <summary>One of the demo's config files, and where it goes.</summary>
/// <param name="Filename">By which it is told from the others.</param>
/// <param name="Service">Whose it is.</param>
/// <param name="Folder">On the host.</param>
/// <param name="Mode">Four octal digits; null leaves it to DeployHub.</param>
/// <param name="Owner">User and group.</param>
internal sealed record ConfigFile(string Filename, string Service, string Folder, string? Mode, (int Uid, int Gid) Owner)
{
    public const string Variable = "LOG_LEVEL";
    public const string Secret = "GATEWAY_KEY";
    private const string Settings = "[log]\nlevel = ${" + Variable + "}\n\n[shop]\nserver = ${SERVER_NAME}\nprice = $${AMOUNT} EUR\n";
    private const string Env = "GATEWAY=https://pay.example.com\n" + Secret + "=${" + Secret + "}";

    public string Path => $"{Folder}/{Filename}";

    /// <summary>Mode and owner as they are to stand on the host. A name that ends in <c>.env</c> is for its owner alone unless told otherwise.</summary>
    public string Rights => $"{Mode ?? "0600"} {Owner.Uid}:{Owner.Gid}";

    /// <summary>A text with a variable; one with a secret, without a newline at its end; and bytes that are no text, on a disk that holds little.</summary>
    public static ConfigFile[] All(string folder, string smallDisk) =>
    [
        new("settings.ini", "catalog", $"{folder}/catalog", "0644", (0, 0)),
        new("payments.env", "payments", $"{folder}/payments", null, (1000, 1000)),
        new("rules.bin", "payments", smallDisk, "0640", (0, 1000)),
    ];

    /// <summary>The body that creates it.</summary>
    public object Body(Values values) => IsBinary
        ? new { name = Filename, filename = Filename, contentBase64 = Convert.ToBase64String(values.Rules) }
        : new { name = Filename, filename = Filename, content = Service == "catalog" ? Settings : Env };

    /// <summary>The body that attaches it to its service.</summary>
    public object Attachment(string id) => Mode is null
        ? new { configFileId = id, targetPath = Path, uid = Owner.Uid, gid = Owner.Gid }
        : new { configFileId = id, targetPath = Path, uid = Owner.Uid, gid = Owner.Gid, mode = Mode };

    /// <summary>SHA-256 of what the host is to hold, made without DeployHub.</summary>
    public string Hash(Values values) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Filename switch
    {
        "settings.ini" => Encoding.UTF8.GetBytes($"[log]\nlevel = {values.LogLevel}\n\n[shop]\nserver = {FileStory.Server}\nprice = ${{AMOUNT}} EUR\n"),
        "payments.env" => Encoding.UTF8.GetBytes($"GATEWAY=https://pay.example.com\n{Secret}={values.GatewayKey}"),
        _ => values.Rules,
    }));

    private bool IsBinary => Filename == "rules.bin";
}

/// <summary>What the files are made of at a time.</summary>
internal sealed record Values(string LogLevel, string GatewayKey, byte[] Rules)
{
    public static Values First() => new("info", NewKey(), RandomNumberGenerator.GetBytes(HostFolder.SmallDiskBytes / 4));

    /// <summary>Others for each file; beside the former rules the new ones do not fit on their disk.</summary>
    public static Values Second() => new("debug", NewKey(), RandomNumberGenerator.GetBytes(HostFolder.SmallDiskBytes * 7 / 8));

    private static string NewKey() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
