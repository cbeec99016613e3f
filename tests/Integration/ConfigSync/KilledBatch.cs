using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.ConfigSync;

/// <summary>A call to an engine at which a worker is killed. How many calls there are is the worker's matter: what the host holds tells how far it is.</summary>
/// <param name="Name">What lies before and behind it.</param>
/// <param name="Is">By its first line, and by how far the batch is on the host.</param>
/// <param name="RollsBack">The batch has a third file that cannot be written, so the other two are taken back.</param>
/// <param name="How">Before the engine has it, or with half of it there.</param>
public sealed record KillPoint(string Name, Func<string, Progress, bool> Is, bool RollsBack = false, Fate How = Fate.Held)
{
    public static KillPoint[] All { get; } =
    [
        new("the helper is made and not started", (line, _) => Has(line, "/containers/", "/start HTTP")),
        new("before anything is on the host", (line, _) => Has(line, "PUT ")),
        new("half of the file is beside its target", (line, _) => Has(line, "PUT "), How: Fate.HeldInside),
        new("between snapshot and write", (line, _) => Has(line, "/exec/", "/start HTTP")),
        new("between write and confirmation", (line, progress) => progress != Progress.Begun && Has(line, "/exec/", "/json HTTP")),
        new("rollback, half of the former file is beside its target", (line, progress) => progress >= Progress.AllWritten && Has(line, "PUT "), RollsBack: true, Fate.HeldInside),
        new("rollback, before the first write", (line, progress) => progress == Progress.AllWritten && Has(line, "/exec/", "/start HTTP"), RollsBack: true),
        new("rollback, between write and confirmation", (line, progress) => progress == Progress.OneBack && Has(line, "/exec/", "/json HTTP"), RollsBack: true),
        new("all is done but the helper is there", (line, _) => Has(line, "DELETE /"), RollsBack: true),
    ];

    private static bool Has(string line, params string[] parts) => parts.All(part => line.Contains(part, StringComparison.Ordinal));
}

/// <summary>How far a batch is, by what its host holds.</summary>
public enum Progress
{
    Begun,
    OneWritten,
    AllWritten,
    OneBack,
}

/// <summary>A batch on a host of its own whose worker is killed at one point: a file that is there, one that is not, and one that cannot be.</summary>
public sealed class KilledBatch : IDisposable
{
    // More than one part on the wire, so that half of it can be held.
    private static readonly byte[] Old = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 7))];
    private static readonly byte[] New = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 13))];
    private readonly FileShop _files;
    private readonly DockerEngine _engine;
    private readonly KillPoint _point;
    private readonly EngineProxy _proxy;
    private readonly FileHost _host;
    private Progress _progress;

    private KilledBatch(FileShop files, DockerEngine engine, KillPoint point, EngineProxy proxy, FileHost host) =>
        (_files, _engine, _point, _proxy, _host) = (files, engine, point, proxy, host);

    public string BatchId { get; private set; } = "";

    private string Before => HostFolder.Line("a", Old, "4750", "7:8") + (_point.RollsBack ? "c directory 755 0 0 \n" : "");

    private static string After => HostFolder.Line("a", New, "640", "5:6") + HostFolder.Line("b", New, "600");

    public static async Task<KilledBatch> Begin(FileShop files, DockerEngine engine, KillPoint point)
    {
        var proxy = new EngineProxy(engine.Uri);
        var host = await files.AddHost($"host-{Array.IndexOf(KillPoint.All, point)}", proxy.Endpoint);
        var begun = new KilledBatch(files, engine, point, proxy, host);
        await host.Folder.Put("a", Old, "4750", "7:8");
        var content = new { contentBase64 = Convert.ToBase64String(New) };
        List<string> ids = [await files.Attach(host, "a", content, new { mode = "0640", uid = 5, gid = 6 }), await files.Attach(host, "b", content, new { mode = "0600" })];
        if (point.RollsBack)
        {
            Directory.CreateDirectory(host.At("c"));
            ids.Insert(1, await files.Attach(host, "c", content));
        }

        // From the point on nothing comes through: whatever the worker does beside it has no more effect either.
        proxy.Decide = line =>
        {
            begun.Look();
            return proxy.Holding.IsCompleted ? Fate.LostBefore : point.Is(line, begun._progress) ? point.How : Fate.Pass;
        };
        begun.BatchId = await files.Submit([.. ids]);
        return begun;
    }

    public async Task Stands()
    {
        try
        {
            await _proxy.Holding.WaitAsync(TimeSpan.FromSeconds(100));
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"Never came to: {_point.Name}{Environment.NewLine}{string.Join('\n', _proxy.Calls)}{Environment.NewLine}{(await _files.Batch(BatchId)).ToJsonString()}", e);
        }
    }

    /// <summary>Just after the kill: each file is the old or the new one, whole; what lies beside them is to go yet.</summary>
    public async Task IsOldOrNew()
    {
        foreach (var line in (await Targets()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.Contains($"{line}\n", Before + After, StringComparison.Ordinal);
        }
    }

    /// <summary>The dead worker's connections end, and the next one's calls pass.</summary>
    public void EndCalls()
    {
        _proxy.Decide = _ => Fate.Pass;
        _proxy.Drop();
    }

    public async Task EndsAsItMust()
    {
        JsonNode batch;
        try
        {
            batch = await _files.End(BatchId);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"Killed at: {_point.Name}. {e.Message}", e);
        }

        var wanted = _point.RollsBack ? ("rolled_back restored failed:target_is_no_file restored", Before) : ("ok written written", After);
        Assert.Equal((_point.Name, wanted), (_point.Name, (FileShop.Words(batch), await Targets())));
        await Eventually.Equal("", () => FileShop.Helpers(_engine, BatchId), TimeSpan.FromSeconds(60));
        await Eventually.Equal(wanted.Item2, () => _host.Folder.Look(), TimeSpan.FromSeconds(60));
    }

    public void Dispose() => _proxy.Dispose();

    // A rename is seen whole or not at all, so the size tells.
    private void Look()
    {
        var (a, b) = (new FileInfo(_host.At("a")).Length == New.Length, File.Exists(_host.At("b")));
        _progress = _progress >= Progress.AllWritten ? a && b ? Progress.AllWritten : Progress.OneBack : a && b ? Progress.AllWritten : a || b ? Progress.OneWritten : Progress.Begun;
    }

    // A file that was put beside its target goes with the helper, just after the end.
    private async Task<string> Targets() =>
        string.Concat((await _host.Folder.Look()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(x => !x.StartsWith(".deployhub-", StringComparison.Ordinal)).Select(x => $"{x}\n"));
}
