using System.Formats.Tar;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace DeployHub.Tests.Docker;

/// <summary>An image of one static busybox, put straight into an engine or a registry.</summary>
internal static class BusyboxImage
{
    public const string Name = "engine-client-test:1";

    private const string Schema2 = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>As <c>docker save</c> writes it.</summary>
    public static MemoryStream Saved()
    {
        var layer = Layer();
        var manifest = new JsonArray(new JsonObject { ["Config"] = "config.json", ["RepoTags"] = new JsonArray(Name), ["Layers"] = new JsonArray("layer.tar") });
        return Tar(("config.json", Config(layer)), ("layer.tar", layer), ("manifest.json", Encoding.UTF8.GetBytes(manifest.ToJsonString())));
    }

    /// <summary>Pushes it and returns the manifest's digest.</summary>
    public static async Task<string> Push(string registry, string repository, string tag, DeployHub.Docker.RegistryCredentials? credentials, CancellationToken ct)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{registry}/v2/{repository}/") };
        if (credentials is not null)
        {
            var user = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credentials.Username}:{credentials.Password}"));
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", user);
        }

        var layer = Layer();
        var config = Config(layer);
        await PushBlob(http, layer, ct);
        await PushBlob(http, config, ct);
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = Schema2,
            ["config"] = Blob("application/vnd.docker.container.image.v1+json", config),
            ["layers"] = new JsonArray(Blob("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)),
        };
        using var pushed = await http.PutAsync(new Uri($"manifests/{tag}", UriKind.Relative), JsonContent.Create(manifest, new MediaTypeHeaderValue(Schema2)), ct);
        pushed.EnsureSuccessStatusCode();
        return pushed.Headers.GetValues("Docker-Content-Digest").Single();
    }

    public static MemoryStream Tar(params (string Name, byte[] Content)[] files)
    {
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(content),
                    Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead,
                    ModificationTime = DateTimeOffset.UnixEpoch.AddDays(20_000),
                });
            }
        }

        tar.Position = 0;
        return tar;
    }

    private static byte[] Layer() => Tar(("bin/sh", File.ReadAllBytes("/bin/busybox")), ("etc/passwd", "root:x:0:0::/:/bin/sh\n"u8.ToArray())).ToArray();

    private static byte[] Config(byte[] layer) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["architecture"] = "amd64",
        ["os"] = "linux",
        ["config"] = new JsonObject
        {
            ["Entrypoint"] = new JsonArray("/bin/sh", "-c"),
            ["Cmd"] = new JsonArray("sleep 1000"),
            ["Labels"] = new JsonObject { ["from"] = "image" },
            ["Healthcheck"] = new JsonObject { ["Test"] = new JsonArray("NONE") },
        },
        ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(Digest(layer)) },
    }.ToJsonString());

    private static JsonObject Blob(string type, byte[] content) => new() { ["mediaType"] = type, ["size"] = content.Length, ["digest"] = Digest(content) };

    private static async Task PushBlob(HttpClient http, byte[] content, CancellationToken ct)
    {
        using var begun = await http.PostAsync(new Uri("blobs/uploads/", UriKind.Relative), null, ct);
        begun.EnsureSuccessStatusCode();
        var target = new UriBuilder(begun.Headers.Location!);
        target.Query += $"&digest={Uri.EscapeDataString(Digest(content))}";
        using var put = await http.PutAsync(target.Uri, new ByteArrayContent(content), ct);
        put.EnsureSuccessStatusCode();
    }

    private static string Digest(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
}
