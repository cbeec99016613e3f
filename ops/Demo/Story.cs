using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Demo;

/// <summary>The main job in three acts, over REST; what it claims is looked up on the engine and not asked of DeployHub.</summary>
internal sealed class Story(DemoEngine engine, Registry registry, HubApi api, Owner owner, Screen screen, Proofs proofs)
{
    private readonly string _run = Guid.NewGuid().ToString("n")[..4];
    private readonly Dictionary<string, int> _ports = Shop.Services.ToDictionary(x => x, _ => FreePorts.Next());
    private readonly Dictionary<string, string> _serviceIds = [];
    private string _environmentId = "";
    private string _serverId = "";
    private string _imageId = "";
    private string _standing = "";

    public List<ClosingRow> Rows { get; } = [];

    /// <summary>Where a service answers.</summary>
    public Uri Address(string service) => new($"http://127.0.0.1:{_ports[service]}/");

    /// <summary>Gives what it leaves standing.</summary>
    public async Task<Stage> Tell(CancellationToken ct)
    {
        await SetUp(ct);
        await First(ct);
        await Second(ct);
        await Third(ct);
        return new Stage(_environmentId, _serverId, _serviceIds, _standing, _run, Disk);
    }

    private async Task SetUp(CancellationToken ct)
    {
        screen.Act("An environment, a server, an image and three services, over REST");
        await HostFolder.MakeSmallDisk(engine, owner, Disk);
        _environmentId = Id(await api.Post("/api/environments", new { name = "demo" }, ct));
        var inside = $"/api/environments/{_environmentId}";
        _serverId = Id(await api.Post($"{inside}/servers", new { name = FileStory.Server, endpoint = engine.Endpoint }, ct));
        var image = await api.Post($"{inside}/container-images", new { name = "shop", imageName = $"{registry.Host}/{Shop.Repository}" }, ct);
        _imageId = Id(image);
        foreach (var name in Shop.Services)
        {
            var id = _serviceIds[name] = Id(await api.Post($"{inside}/services", Shop.Declare(name, _imageId, _ports[name], Disk), ct));
            await api.Post($"/api/services/{id}/deployments", new { serverId = _serverId, containerName = Container(name) }, ct);
            screen.Fact(name, $"container {Container(name)}, answers at {Address(name)}");
        }
    }

    private async Task First(CancellationToken ct)
    {
        screen.Act("v1 by tag: the first deploy");
        var (before, v1) = (proofs.All.Count, await registry.Push(Shop.Version("v1", owner), Shop.Repository, "v1"));
        var plan = await Deploy("v1", ct);
        proofs.Equal("The plan of v1 is completed.", "completed", Word(plan, "status"));
        var after = await Look();
        await Serves(after, v1, "v1");
        Close("v1", plan, [], after);
        proofs.Conclude(before, "three containers run the digest that the tag v1 points to, each passed its health check, each answers «shop v1».");
    }

    private async Task Second(CancellationToken ct)
    {
        screen.Act("v2 by tag: one service after another, each container replaced");
        var (before, former) = (proofs.All.Count, await Look());
        var v2 = await registry.Push(Shop.Version("v2", owner), Shop.Repository, "v2");
        _standing = v2.ImageId;
        var plan = await Deploy("v2", ct);
        proofs.Equal("The plan of v2 is completed.", "completed", Word(plan, "status"));
        var after = await Look();
        await Serves(after, v2, "v2");
        proofs.Check("All three containers of v1 were replaced.", former.All(x => x.Value.ContainerId != after.GetValueOrDefault(x.Key)?.ContainerId), "one of them still stands");
        Close("v2", plan, former, after);
        proofs.Conclude(before, "all three run v2 under the same names, and of v1 no container is left.");
    }

    private async Task Third(CancellationToken ct)
    {
        screen.Act($"v3 by tag: its health check fails on {Shop.Broken}");
        var (before, former) = (proofs.All.Count, await Look());
        await registry.Push(Shop.VersionThatFails("v3", owner), Shop.Repository, "v3");
        var plan = await Deploy("v3", ct);
        proofs.Equal("The plan of v3 is rolled back.", "rolled_back", Word(plan, "status"));
        proofs.Equal("Its reason is the health check.", "UNHEALTHY", (string?)plan["error"]?["code"] ?? "none");
        proofs.Equal("Its steps say what became of each service.", "rolled_back failed skipped", string.Join(' ', Steps(plan).Select(x => Word(x, "status"))));
        proofs.Check(
            "The failed step carries what its health check said.",
            ((string?)Steps(plan)[1]["error"]?["health"])?.Contains(Shop.BrokenBecause, StringComparison.Ordinal) == true, "another text, or none");
        var after = await Look();
        await Serves(after, null, "v2");
        foreach (var name in Shop.Services)
        {
            proofs.Equal($"The container of {name} is the one that ran before.", former[name].ContainerId, after.GetValueOrDefault(name)?.ContainerId ?? "none");
            proofs.Equal($"It runs the digest that it ran before ({name}).", former[name].Digest, after.GetValueOrDefault(name)?.Digest ?? "none");
        }

        proofs.Equal("The third service was never touched.", former["web"].Since, after.GetValueOrDefault("web")?.Since ?? "none");
        Close("v3", plan, former, after);
        proofs.Conclude(before, "the very containers that ran before run again: same ids, same digest, all answer «shop v2», nothing of v3 is left, and web never stopped.");
    }

    private async Task<JsonObject> Deploy(string tag, CancellationToken ct)
    {
        var accepted = await api.Post($"/api/container-images/{_imageId}/deploy", new { imageTag = tag }, ct);
        var changes = new Changes(screen);
        return Plan(await api.Follow($"/api/deployment-plans/{Id(accepted)}", x => HasEnded(Plan(x)), x => Report(Plan(x), changes), ct));
    }

    private static bool HasEnded(JsonObject plan) =>
        plan["completedAt"] is not null && Word(plan, "status") is "completed" or "failed" or "rolled_back" or "partially_rolled_back" or "cancelled";

    private static void Report(JsonObject plan, Changes changes)
    {
        foreach (var step in Steps(plan).Where(x => Word(x, "status") is not "pending"))
        {
            changes.Tell((string)step["service"]!["name"]!, Word(step, "status"), (string?)step["phase"]);
        }

        changes.Tell("plan", Word(plan, "status"));
    }

    private async Task<Dictionary<string, Standing>> Look()
    {
        var seen = new Dictionary<string, Standing>();
        foreach (var name in Shop.Services)
        {
            if (await Standing.Find(engine, Container(name)) is { } standing)
            {
                seen[name] = standing;
            }
        }

        return seen;
    }

    /// <summary>What must be true of the engine after every act.</summary>
    private async Task Serves(Dictionary<string, Standing> standing, StoredImage? image, string version)
    {
        foreach (var name in Shop.Services)
        {
            var container = standing.GetValueOrDefault(name);
            proofs.Check($"{name} runs after {version}.", container is { IsRunning: true, Check: "healthy" }, container?.ToString() ?? "no container of that name");
            proofs.Equal($"{name} has its restart policy.", "unless-stopped", container?.Policy ?? "none");
            if (image is not null)
            {
                proofs.Equal($"{name} runs the image that was pushed as {version}.", image.ImageId, container?.ImageId ?? "none");
                proofs.Equal($"{name} was pulled by the digest of {version}.", image.Digest, container?.Digest ?? "none");
            }

            proofs.Equal($"{name} answers over HTTP as {version}.", Shop.Text(version), await Answer(name));
        }

        // Former containers are removed after the plan has ended well.
        var expected = string.Join(' ', Shop.Services.Select(Container).Order(StringComparer.Ordinal));
        proofs.Equal("No other container of the demo is left on the engine.", expected, await Settled.At(expected, async () => string.Join(' ', await engine.Containers())));
    }

    private async Task<string> Answer(string service)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            return await http.GetStringAsync(Address(service));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return e.Message;
        }
    }

    private void Close(string tag, JsonObject plan, Dictionary<string, Standing> before, Dictionary<string, Standing> after)
    {
        foreach (var step in Steps(plan))
        {
            var name = (string)step["service"]!["name"]!;
            var (was, stands) = (before.GetValueOrDefault(name)?.ContainerId, after.GetValueOrDefault(name)?.ContainerId);
            Rows.Add(new ClosingRow(
                tag, Id(plan), Word(plan, "status"), name, (string?)step["fromDigest"], (string?)step["toDigest"], Word(step, "status"), Seconds(step),
                was, stands, was is not null && was == stands, (string?)step["error"]?["code"], Evidence(step, after.GetValueOrDefault(name))));
        }
    }

    private static string Evidence(JsonNode step, Standing? after) => (Word(step, "status"), step["error"]) switch
    {
        (_, { } error) => $"{(string?)error["code"]}: {((string?)error["health"] ?? (string?)error["message"])?.Trim()}{((bool)step["restored"]! ? "; restored" : "")}",
        ("rolled_back", _) => $"restored, {after?.Check ?? "gone"}",
        ("skipped", _) => "never touched",
        _ => $"running, {after?.Check ?? "gone"}",
    };

    private static double? Seconds(JsonNode step) =>
        (string?)step["startedAt"] is { } start && (string?)step["completedAt"] is { } end ? Math.Round((Time(end) - Time(start)).TotalSeconds, 1) : null;

    private static DateTime Time(string text) => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind);

    private static JsonObject Plan(JsonObject answer) => answer["plan"]!.AsObject();

    private static List<JsonNode> Steps(JsonObject plan) => [.. plan["steps"]!.AsArray().Select(x => x!)];

    private static string Word(JsonNode node, string name) => (string)node[name]!;

    private static string Id(JsonObject made) => (string)made["id"]!;

    private string Disk => $"deployhub-demo-rules-{_run}";

    private string Container(string service) => Shop.Container(service, _run);
}
