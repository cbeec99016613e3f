using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace DeployHub.Servers;

/// <summary>Bytes and their digest.</summary>
internal sealed record Blob(byte[] Bytes)
{
    public string Digest { get; } = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Bytes))}";
}

/// <summary>A layer, as a tar and as the registry stores it.</summary>
internal sealed record Layer(Blob Plain)
{
    public Blob Compressed { get; } = new(Compress(Plain.Bytes));

    private static byte[] Compress(byte[] bytes)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return buffer.ToArray();
    }
}

/// <summary>An image's layers, configuration and manifest in Docker's formats (manifest version 2, schema 2).</summary>
internal sealed record ImageContent(IReadOnlyList<Layer> Layers, Blob Config, Blob Manifest)
{
    // The one big layer is read, packed and hashed once a process, and uploaded once a repository.
    private static readonly Lazy<Layer> Program = new(() =>
        new Layer(new Blob(Tar.Of([("bin/busybox", File.ReadAllBytes(Programs.Find("/bin/busybox")), true)]))));

    public static ImageContent Of(TestImage image)
    {
        var text = new Layer(new Blob(Tar.Of([("www/index.html", Encoding.UTF8.GetBytes(image.Text), false)])));
        Layer[] layers = image.HasProgram ? [Program.Value, text] : [text];
        var config = new Blob(TestImages.Json(Configuration(image, layers)));
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json",
            ["config"] = Descriptor("application/vnd.docker.container.image.v1+json", config),
            ["layers"] = new JsonArray([.. layers.Select(layer => Descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", layer.Compressed))]),
        };
        return new ImageContent(layers, config, new Blob(TestImages.Json(manifest)));
    }

    private static JsonObject Descriptor(string type, Blob blob) => new() { ["mediaType"] = type, ["size"] = blob.Bytes.Length, ["digest"] = blob.Digest };

    private static JsonObject Configuration(TestImage image, Layer[] layers)
    {
        var config = new JsonObject
        {
            ["Env"] = Strings(["PATH=/bin", .. image.Environment]),
            ["StopSignal"] = image.StopSignal,
            ["Labels"] = new JsonObject(image.Labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)JsonValue.Create(label.Value)))),
        };
        if (image.Command.Count > 0)
        {
            config["Cmd"] = Strings(image.Command);
        }

        if (image.Port is { } port)
        {
            config["ExposedPorts"] = new JsonObject { [$"{port}/tcp"] = new JsonObject() };
        }

        if (image.Health is { } health)
        {
            config["Healthcheck"] = new JsonObject
            {
                ["Test"] = Strings(["CMD", .. health.Command]),
                ["Interval"] = Nanoseconds(health.Interval),
                ["Timeout"] = Nanoseconds(health.Timeout ?? TimeSpan.FromSeconds(5)),
                ["Retries"] = health.Retries,
            };
        }

        return new JsonObject
        {
            ["architecture"] = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture is System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64",
            ["os"] = "linux",
            ["created"] = "2026-01-01T00:00:00Z",
            ["config"] = config,
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = Strings(layers.Select(layer => layer.Plain.Digest)) },
            ["history"] = new JsonArray([.. layers.Select(_ => new JsonObject { ["created"] = "2026-01-01T00:00:00Z" })]),
        };
    }

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);

    private static long Nanoseconds(TimeSpan time) => (long)time.TotalNanoseconds;
}

/// <summary>Archives that come out byte for byte the same every time.</summary>
internal static class Tar
{
    public static byte[] Of(IEnumerable<(string Path, byte[] Bytes, bool Executable)> files)
    {
        using var buffer = new MemoryStream();
        using (var tar = new TarWriter(buffer, TarEntryFormat.Ustar))
        {
            foreach (var (path, bytes, executable) in files)
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path)
                {
                    Mode = executable ? (UnixFileMode)0b111_101_101 : (UnixFileMode)0b110_100_100,
                    ModificationTime = DateTimeOffset.UnixEpoch,
                    DataStream = new MemoryStream(bytes),
                });
            }
        }

        return buffer.ToArray();
    }
}
