using DeployHub.EngineSimulator.Http;

namespace DeployHub.EngineSimulator.Containers;

/// <summary>Files that go into containers and come out of them.</summary>
internal static class Archives
{
    private const string StatHeader = "X-Docker-Container-Path-Stat";

    public static Task Answer(Engine engine, Call call, Container container)
    {
        var path = FileTree.Clean(call.Query("path") ?? "");
        FileEntry? there;
        lock (engine.Gate)
        {
            there = container.Files.Find(path);
        }

        if (there is null)
        {
            throw new Refusal(404, $"Could not find the file {path} in container {container.Id}");
        }

        return call.Method == "PUT" ? Put(engine, call, container, path, there) : Get(engine, call, container, path, there);
    }

    private static async Task Get(Engine engine, Call call, Container container, string path, FileEntry there)
    {
        call.Header(StatHeader, FileTree.Stat(path, there));
        call.Head(200, "application/x-tar");
        if (call.Method == "HEAD")
        {
            return;
        }

        byte[] tar;
        lock (engine.Gate)
        {
            tar = container.Files.Pack(path);
        }

        await call.Output.WriteAsync(tar, call.Aborted);
    }

    private static async Task Put(Engine engine, Call call, Container container, string path, FileEntry there)
    {
        if (there.Content is not null)
        {
            throw new Refusal(500, "extraction point is not a directory");
        }

        if (container.Mounts.Any(mount => (bool?)mount["ReadOnly"] == true && $"{path}/".StartsWith($"{mount["Target"]}/", StringComparison.Ordinal)))
        {
            throw new Refusal(500, "mounted volume is marked read-only");
        }

        var files = new List<(string Path, FileEntry Entry)>();
        await FileTree.Unpack(call.Input, path, (at, entry) => files.Add((at, entry)), call.Aborted);
        lock (engine.Gate)
        {
            files.ForEach(file => container.Files.Add(file.Path, file.Entry));
        }

        await call.Status(200);
    }
}
