using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Bench.Setup;

namespace DeployHub.Bench.Sync;

/// <summary>Config files of a hub, attached so that one batch brings all of them to some hosts.</summary>
internal sealed class FileSet
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);
    private readonly Hub _hub;
    private readonly SyncHost[] _hosts;
    private readonly List<string> _files = [];
    private readonly List<string> _folders = [];
    private readonly Contents _contents;
    private string _variable = "";

    private FileSet(Hub hub, SyncHost[] hosts, Contents contents) => (_hub, _hosts, _contents) = (hub, hosts, contents);

    /// <param name="hub">Whose files they are.</param>
    /// <param name="name">No other set of the run has it.</param>
    /// <param name="contents">What they hold.</param>
    /// <param name="hosts">Each gets every file.</param>
    /// <param name="noted">The hub reaches the engines through the proxies that note each call.</param>
    public static async Task<FileSet> Make(Hub hub, string name, Contents contents, SyncHost[] hosts, bool noted = false)
    {
        var set = new FileSet(hub, hosts, contents);
        var unique = $"{name}-{hub.Name}";
        var environment = await hub.Create("/api/environments", new { name = unique });
        var image = await hub.Create($"/api/environments/{environment}/container-images", new { name = unique, imageName = "bench.example.com/none" });
        var service = await hub.Create($"/api/environments/{environment}/services", Deploy.Service.Default.Body(unique, image));
        set._variable = await hub.Create($"/api/environments/{environment}/vars", new { name = Contents.Variable, value = Contents.Value(0) });
        await contents.Register(hub, environment, set._files, unique);
        foreach (var host in hosts)
        {
            var folder = host.Make(unique);
            set._folders.Add(folder);
            var server = await hub.Create(
                $"/api/environments/{environment}/servers",
                new { name = host.Name, endpoint = noted ? $"unix://{host.Proxy.Path}" : host.Endpoint, writableFolders = new[] { folder } });
            var deployment = await hub.Create($"/api/services/{service}/deployments", new { serverId = server, containerName = unique });
            for (var i = 0; i < contents.Count; i++)
            {
                await hub.Create(
                    $"/api/services/{service}/files",
                    new { configFileId = set._files[i], serviceDeploymentId = deployment, targetPath = $"{folder}/{Contents.Name(i)}" });
            }
        }

        return set;
    }

    /// <summary>Makes each file's content that of a round. Not measured.</summary>
    public Task Change(int round) => _hub.Call(HttpMethod.Patch, $"/api/vars/{_variable}", new { value = Contents.Value(round) });

    /// <summary>Seconds from the submission until the batch has ended; afterwards its helpers are waited for, and the files looked at.</summary>
    public async Task<double> Sync(int round, string expected = "written")
    {
        var begun = DateTime.UtcNow;
        var batch = await _hub.Call(HttpMethod.Post, "/api/sync/batch", new { operations = _files.Select(id => new { type = "config-file-sync", configFileId = id }) });
        var id = (string)batch["batchId"]!;
        batch = await Ended(id);
        var took = DateTime.Parse((string)batch["completedAt"]!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal) - begun;
        var odd = batch["operations"]!.AsArray().SelectMany(x => x!["targets"]!.AsArray()).FirstOrDefault(x => (string)x!["status"]! != expected);
        if ((string)batch["status"]! != "ok" || odd is not null)
        {
            throw new InvalidOperationException($"{_hub.Name}: the batch did not do what it should: {batch["status"]} {odd?.ToJsonString()}{Environment.NewLine}{_hub.Log()}");
        }

        await Task.WhenAll(_hosts.Select(host => Gone(host, id)));
        Verify(round);
        return took.TotalSeconds;
    }

    private async Task<JsonObject> Ended(string id)
    {
        using var late = new CancellationTokenSource(Deadline);
        while (true)
        {
            var batch = await _hub.Call(HttpMethod.Get, $"/api/sync/batch/{id}");
            if (batch["completedAt"] is not null)
            {
                return batch;
            }

            await Task.Delay(LookEvery, late.Token);
        }
    }

    // The next measurement must not meet what this one still removes.
    private static async Task Gone(SyncHost host, string batch)
    {
        using var late = new CancellationTokenSource(Deadline);
        var filters = Uri.EscapeDataString($$"""{"label":["deployhub.batch={{batch}}"]}""");
        while (JsonNode.Parse(await host.Raw.Call(HttpMethod.Get, $"containers/json?all=1&filters={filters}"))!.AsArray().Count > 0)
        {
            await Task.Delay(LookEvery, late.Token);
        }
    }

    private void Verify(int round)
    {
        foreach (var folder in _folders)
        {
            for (var i = 0; i < _contents.Count; i++)
            {
                if (!File.ReadAllBytes($"{folder}/{Contents.Name(i)}").AsSpan().SequenceEqual(_contents.Rendered(i, round)))
                {
                    throw new InvalidOperationException($"{folder}/{Contents.Name(i)} does not hold what was written in round {round}.");
                }
            }
        }
    }
}
