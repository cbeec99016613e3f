using System.Diagnostics;
using System.Formats.Tar;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DeployHub.Bench.Setup;

namespace DeployHub.Bench.Sync;

/// <summary>The bare Engine calls that bring files to a host: a helper, and for each file an archive put beside it, a rename by exec, and an archive get to read it back.</summary>
internal sealed class BareFiles(SyncHost host, string folder, Contents contents)
{
    private const string Inside = "/host";
    private int _runs;

    /// <summary>Seconds until all files stand there, the making of the helper included and its removal not.</summary>
    public async Task<double> Write(int round, int parallel)
    {
        var name = $"bare-{folder.Split('/')[^1]}-{++_runs}";
        var begun = Stopwatch.GetTimestamp();
        await Post($"containers/create?name={name}", new JsonObject
        {
            ["Image"] = host.Image.Reference,
            ["Cmd"] = new JsonArray("/bin/busybox", "sleep", "86400"),
            ["User"] = "0:0",
            ["HostConfig"] = new JsonObject
            {
                ["Init"] = true, ["NetworkMode"] = "none", ["Mounts"] = new JsonArray(new JsonObject { ["Type"] = "bind", ["Source"] = folder, ["Target"] = Inside }),
            },
        });
        await Post($"containers/{name}/start", null);
        await Parallel.ForAsync(0, contents.Count, new ParallelOptions { MaxDegreeOfParallelism = parallel }, async (file, _) => await Write(name, file, round));
        var took = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await host.Raw.Call(HttpMethod.Delete, $"containers/{name}?force=1");
        return took;
    }

    private async Task Write(string helper, int file, int round)
    {
        var (name, bytes) = (Contents.Name(file), contents.Rendered(file, round));
        using var tar = new ByteArrayContent(Tar($".{name}.new", bytes));
        await host.Raw.Call(HttpMethod.Put, $"containers/{helper}/archive?path={Inside}&noOverwriteDirNonDir=true", tar);
        await Exec(helper, "/bin/busybox", "mv", "-f", $"{Inside}/.{name}.new", $"{Inside}/{name}");
        var read = new TarReader(new MemoryStream(await host.Raw.Call(HttpMethod.Get, $"containers/{helper}/archive?path={Inside}/{name}")));
        var there = new MemoryStream();
        await (await read.GetNextEntryAsync())!.DataStream!.CopyToAsync(there);
        if (!there.ToArray().AsSpan().SequenceEqual(bytes))
        {
            throw new InvalidOperationException($"{name}: what was read back is not what was written");
        }
    }

    private async Task Exec(string helper, params string[] command)
    {
        var made = await Post($"containers/{helper}/exec", new JsonObject
        {
            ["AttachStdout"] = true, ["AttachStderr"] = true, ["Cmd"] = new JsonArray([.. command.Select(x => JsonValue.Create(x))]),
        });
        var id = (string)made!["Id"]!;
        await Post($"exec/{id}/start", new JsonObject { ["Detach"] = false, ["Tty"] = false });
        var ended = JsonNode.Parse(await host.Raw.Call(HttpMethod.Get, $"exec/{id}/json"))!;
        if ((bool)ended["Running"]! || (int)ended["ExitCode"]! != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)}: {ended.ToJsonString()}");
        }
    }

    private async Task<JsonNode?> Post(string path, JsonObject? body)
    {
        using var content = body is null ? null : JsonContent.Create(body);
        var answer = await host.Raw.Call(HttpMethod.Post, path, content);
        return answer is [(byte)'{', ..] ? JsonNode.Parse(answer) : null;
    }

    private static byte[] Tar(string name, byte[] bytes)
    {
        using var tar = new MemoryStream(bytes.Length + 2048);
        using (var writer = new TarWriter(tar, TarEntryFormat.Gnu, leaveOpen: true))
        {
            writer.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes), Mode = (UnixFileMode)0b110_100_100 });
        }

        return tar.ToArray();
    }
}
