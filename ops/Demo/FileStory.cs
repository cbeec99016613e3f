using System.Text.Json.Nodes;

namespace DeployHub.Demo;

/// <summary>What the deploys left for the files: who they are attached to, and what may be used to look at the host.</summary>
internal sealed record Stage(string EnvironmentId, string ServerId, IReadOnlyDictionary<string, string> ServiceIds, string ImageId, string Run, string Disk);

/// <summary>Config files in three acts, over REST; what it claims is looked up on the host and not asked of DeployHub.</summary>
internal sealed class FileStory(DemoEngine engine, HubApi api, Owner owner, Screen screen, Proofs proofs)
{
    public const string Server = "this-machine";
    private readonly Dictionary<string, string> _ids = [];
    private readonly List<string> _batches = [];
    private readonly Values _first = Values.First();
    private readonly Values _second = Values.Second();
    private HostFolder _folder = null!;
    private ConfigFile[] _files = [];
    private string _inside = "";
    private string _variable = "";
    private string _secret = "";

    public List<FileRow> Rows { get; } = [];

    public string Folder => _folder.Path;

    public async Task Tell(Stage stage, CancellationToken ct)
    {
        await SetUp(stage, ct);
        await First(ct);
        await Second(ct);
    }

    private async Task SetUp(Stage stage, CancellationToken ct)
    {
        screen.Act("Three config files, attached to two services, over REST");
        _folder = await HostFolder.Make(engine, owner, stage.ImageId, stage.Run, stage.Disk);
        _files = ConfigFile.All(_folder.Path, _folder.SmallDisk);
        _inside = $"/api/environments/{stage.EnvironmentId}";
        api.Secrets.AddRange([_first.GatewayKey, _second.GatewayKey]);
        await api.Send(HttpMethod.Patch, $"/api/servers/{stage.ServerId}", new { writableFolders = new[] { _folder.Path, _folder.SmallDisk } }, ct);
        _variable = Id(await api.Post($"{_inside}/vars", new { name = ConfigFile.Variable, value = _first.LogLevel }, ct));
        _secret = Id(await api.Post($"{_inside}/secrets", new { name = ConfigFile.Secret, value = _first.GatewayKey }, ct));
        foreach (var file in _files)
        {
            var id = _ids[file.Filename] = Id(await api.Post($"{_inside}/config-files", file.Body(_first), ct));
            await api.Post($"/api/services/{stage.ServiceIds[file.Service]}/files", file.Attachment(id), ct);
            screen.Fact(file.Service, $"{file.Path}, {file.Rights}");
        }

        screen.Fact("values", $"{ConfigFile.Variable}={_first.LogLevel} in settings.ini, the secret {ConfigFile.Secret} in payments.env; rules.bin is no text");
    }

    private async Task First(CancellationToken ct)
    {
        screen.Act("One batch of the three files");
        var before = proofs.All.Count;
        var was = await _folder.Look(_files);
        var batch = await Sync(ct);
        proofs.Equal("The first batch is ok.", "ok", Word(batch, "status"));
        proofs.Equal("Each target was written.", "written written written", Words(batch));
        var stands = await _folder.Look(_files);
        foreach (var file in _files)
        {
            proofs.Equal($"The host holds {file.Filename} byte for byte.", file.Hash(_first), stands.Files[file.Filename].Hash ?? "nothing");
            proofs.Equal($"{file.Filename} has its mode and owner.", file.Rights, stands.Files[file.Filename].Rights);
        }

        await NothingElse(stands.All, ct);
        Close("first", batch, was.Files, stands.Files);
        proofs.Conclude(before, "the host holds the three files byte for byte, with their modes and owners, nothing beside them, and the secret was in no answer.");
    }

    private async Task Second(CancellationToken ct)
    {
        screen.Act("A variable, a secret and a content are changed; in the second batch the third file does not fit on its disk");
        var before = proofs.All.Count;
        var was = await _folder.Look(_files);
        await api.Send(HttpMethod.Patch, $"/api/vars/{_variable}", new { value = _second.LogLevel }, ct);
        await api.Send(HttpMethod.Patch, $"/api/secrets/{_secret}", new { value = _second.GatewayKey }, ct);
        await api.Send(HttpMethod.Patch, $"/api/config-files/{_ids["rules.bin"]}", new { contentBase64 = Convert.ToBase64String(_second.Rules) }, ct);
        await Foresee(ct);
        var batch = await Sync(ct);
        proofs.Equal("The second batch is rolled back.", "rolled_back", Word(batch, "status"));
        proofs.Equal("Its reason is the full disk.", "disk_full", (string?)batch["error"]?["code"] ?? "none");
        proofs.Equal("Its operations say what became of each file.", "rolled_back rolled_back failed", string.Join(' ', Operations(batch).Select(x => Word(x, "status"))));
        proofs.Equal("Its targets do, too.", "restored restored failed", Words(batch));
        var stands = await _folder.Look(_files);
        foreach (var file in _files)
        {
            var (former, now) = (was.Files[file.Filename], stands.Files[file.Filename]);
            proofs.Equal($"The host holds {file.Filename} as before, byte for byte.", former.Hash ?? "nothing", now.Hash ?? "nothing");
            proofs.Equal($"{file.Filename} has its mode and owner as before.", former.Rights, now.Rights);
            proofs.Check(
                file.Folder == _folder.SmallDisk ? $"{file.Filename} was never touched." : $"{file.Filename} was exchanged in between.",
                file.Folder == _folder.SmallDisk == (former.ChangedAt == now.ChangedAt),
                $"last changed at {now.ChangedAt}, before the batch at {former.ChangedAt}");
        }

        await NothingElse(stands.All, ct);
        Close("second", batch, was.Files, stands.Files);
        proofs.Conclude(before, "settings.ini and payments.env were written and taken back, rules.bin was never touched: bytes, modes and owners are those of before.");
    }

    private async Task Foresee(CancellationToken ct)
    {
        var dry = await api.Send(HttpMethod.Post, "/api/sync/batch?dryRun=true", Request(), ct);
        var targets = Operations(dry).Select(x => x["targets"]![0]!).ToList();
        proofs.Equal("A dry run foresees three changes.", "change change change", string.Join(' ', targets.Select(x => Word(x, "outcome"))));
        foreach (var line in targets.SelectMany(x => ((string?)x["diff"] ?? "").Split('\n')).Where(x => x is ['+' or '-', not ('+' or '-'), ..]))
        {
            screen.Fact("dry run", line);
        }
    }

    private async Task<JsonObject> Sync(CancellationToken ct)
    {
        var id = (string)(await api.Send(HttpMethod.Post, "/api/sync/batch", Request(), ct))["batchId"]!;
        _batches.Add(id);
        var changes = new Changes(screen);
        return await api.Follow($"/api/sync/batch/{id}", batch => batch["completedAt"] is not null, batch => Report(batch, changes), ct);
    }

    private object Request() => new { operations = _files.Select(x => new { type = "config-file-sync", configFileId = _ids[x.Filename] }) };

    private static void Report(JsonObject batch, Changes changes)
    {
        foreach (var operation in Operations(batch))
        {
            var target = operation["targets"]![0]!;
            if (Word(target, "status") is not "pending" and var status)
            {
                changes.Tell(Word(operation, "configFileName"), status, (string?)target["error"]?["code"]);
            }
        }

        changes.Tell("batch", Word(batch, "status"));
    }

    private async Task NothingElse(string all, CancellationToken ct)
    {
        await api.Send(HttpMethod.Get, $"{_inside}/secrets", null, ct);
        proofs.Equal("No answer of the API told a secret.", "none", api.Leak ?? "none");
        proofs.Equal("Nothing else stands in their folders.", string.Join(' ', _files.Select(x => x.Path).Order(StringComparer.Ordinal)), all);

        // Helpers are removed after the batch has ended.
        string[] filters = [.. _batches.SelectMany(id => new[] { "--filter", $"label=deployhub.batch={id}" })];
        proofs.Equal("No helper of DeployHub is left on the engine.", "", await Settled.At("", async () => await engine.Docker(["ps", "-a", .. filters, "--format", "{{.Names}}"])));
    }

    private void Close(string name, JsonObject batch, Dictionary<string, HostFile> before, Dictionary<string, HostFile> after)
    {
        foreach (var (operation, file) in Operations(batch).Zip(_files))
        {
            var (target, was, stands) = (operation["targets"]![0]!, before[file.Filename], after[file.Filename]);
            Rows.Add(new FileRow(
                name, Word(batch, "batchId"), Word(batch, "status"), file.Service, file.Filename, file.Path, (string?)target["fromHash"], (string?)target["toHash"],
                Word(target, "status"), was, stands, was.Hash == stands.Hash && was.Rights == stands.Rights, (string?)target["error"]?["code"]));
        }
    }

    private static string Words(JsonObject batch) => string.Join(' ', Operations(batch).Select(x => Word(x["targets"]![0]!, "status")));

    private static List<JsonNode> Operations(JsonObject batch) => [.. batch["operations"]!.AsArray().Select(x => x!)];

    private static string Word(JsonNode node, string name) => (string)node[name]!;

    private static string Id(JsonObject made) => (string)made["id"]!;
}
