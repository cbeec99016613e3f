using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.EngineSimulator.Events;
using DeployHub.EngineSimulator.Images;

namespace DeployHub.EngineSimulator.Containers;

/// <summary>A container's state. The engine's gate is held while it is read or changed.</summary>
internal sealed class Container(string name, string imageName, Image image, JsonObject config, JsonObject host)
{
    public string Id { get; } = Engine.NewId();
    public string Name { get; set; } = name;
    public string ImageName { get; } = imageName;
    public Image Image { get; } = image;
    public JsonObject Config { get; } = config;
    public JsonObject Host { get; } = host;
    public DateTime Created { get; } = DateTime.UtcNow;
    public Dictionary<string, string> Labels { get; } = Events.Labels.Of(config["Labels"]);
    public FileTree Files { get; } = new(image.Files);
    public string Status { get; set; } = "created";
    public int ExitCode { get; set; }
    public int RestartCount { get; set; }
    public DateTime StartedAt { get; set; } = DateTime.MinValue;
    public DateTime FinishedAt { get; set; } = DateTime.MinValue;
    public Health? Health { get; set; }

    /// <summary>What is published where, while it runs.</summary>
    public List<(string Port, string Ip, int HostPort)> Published { get; } = [];

    /// <summary>The networks that it belongs to, and its aliases in them.</summary>
    public Dictionary<string, string[]> Networks { get; } = [];

    public List<Act> Output { get; } = [];

    /// <summary>Ends what its program does by itself; another one at each start.</summary>
    public CancellationTokenSource Life { get; set; } = new();

    /// <summary>Done when it does not run any more; another one at each start by hand.</summary>
    public TaskCompletionSource Ended { get; set; } = Done();

    /// <summary>As the engine has it: also while it waits to be started again.</summary>
    public bool Running => Status is "running" or "restarting";

    public bool HasTerminal => (bool?)Config["Tty"] ?? false;

    public string NetworkMode => (string?)Host["NetworkMode"] is { Length: > 0 } mode ? mode : "default";

    public string[] Command => [.. Texts(Config["Entrypoint"]), .. Texts(Config["Cmd"])];

    public (string Name, int Most) RestartPolicy =>
        ((string?)Host["RestartPolicy"]?["Name"] is { Length: > 0 } name ? name : "no", (int?)Host["RestartPolicy"]?["MaximumRetryCount"] ?? 0);

    public IEnumerable<JsonNode> Mounts => (Host["Mounts"] as JsonArray ?? []).OfType<JsonNode>();

    public Dictionary<string, string> Attributes(int? exitCode = null) => new(Labels)
    {
        ["name"] = Name, ["image"] = ImageName, ["exitCode"] = (exitCode ?? ExitCode).ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>As <c>GET /containers/{id}/json</c> has it.</summary>
    public JsonObject Inspection(Func<string, string> networkId) => new()
    {
        ["Id"] = Id,
        ["Created"] = Time(Created),
        ["Path"] = Command.FirstOrDefault() ?? "",
        ["Args"] = Array([.. Command.Skip(1)]),
        ["State"] = State(),
        ["Image"] = Image.Id,
        ["Name"] = $"/{Name}",
        ["RestartCount"] = RestartCount,
        ["Platform"] = "linux",
        ["Driver"] = "overlay2",
        ["HostConfig"] = FullHost(),
        ["Mounts"] = new JsonArray([.. Mounts.Select(mount => mount.DeepClone())]),
        ["Config"] = Config.DeepClone(),
        ["NetworkSettings"] = new JsonObject
        {
            ["Ports"] = PortMap(),
            ["Networks"] = new JsonObject(Networks.Select(network => KeyValuePair.Create(network.Key, (JsonNode?)new JsonObject
            {
                ["NetworkID"] = networkId(network.Key), ["Aliases"] = Array(network.Value),
            }))),
        },
    };

    /// <summary>As <c>GET /containers/json</c> has it.</summary>
    public JsonObject Summary() => new()
    {
        ["Id"] = Id,
        ["Names"] = Array([$"/{Name}"]),
        ["Image"] = ImageName,
        ["ImageID"] = Image.Id,
        ["Created"] = new DateTimeOffset(Created).ToUnixTimeSeconds(),
        ["State"] = Status,
        ["Status"] = Status,
        ["Labels"] = Events.Labels.Json(Labels),
        ["Ports"] = new JsonArray([.. Published.Select(published => new JsonObject
        {
            ["IP"] = published.Ip, ["PrivatePort"] = int.Parse(published.Port.Split('/')[0], CultureInfo.InvariantCulture), ["PublicPort"] = published.HostPort, ["Type"] = published.Port.Split('/')[1],
        })]),
    };

    public static string[] Texts(JsonNode? list) => list is JsonArray array ? [.. array.Select(item => (string)item!)] : [];

    public static JsonArray Array(string[] texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private JsonObject State()
    {
        var state = new JsonObject
        {
            ["Status"] = Status, ["Running"] = Running, ["Paused"] = false, ["Restarting"] = Status == "restarting", ["OOMKilled"] = false, ["Dead"] = false, ["Pid"] = Running ? 1 : 0,
            ["ExitCode"] = Running ? 0 : ExitCode, ["Error"] = "", ["StartedAt"] = Time(StartedAt), ["FinishedAt"] = Time(FinishedAt),
        };
        if (Health is not null)
        {
            state["Health"] = Health.Json();
        }

        return state;
    }

    private JsonObject FullHost()
    {
        var full = Host.DeepClone().AsObject();
        full["NetworkMode"] = NetworkMode;
        full["RestartPolicy"] = new JsonObject { ["Name"] = RestartPolicy.Name, ["MaximumRetryCount"] = RestartPolicy.Most };
        return full;
    }

    private JsonObject PortMap()
    {
        var map = new JsonObject();
        foreach (var published in Published.GroupBy(published => published.Port))
        {
            map[published.Key] = new JsonArray([.. published.Select(at => new JsonObject { ["HostIp"] = at.Ip, ["HostPort"] = at.HostPort.ToString(CultureInfo.InvariantCulture) })]);
        }

        return map;
    }

    private static string Time(DateTime time) => DateTime.SpecifyKind(time, DateTimeKind.Utc).ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);

    private static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }
}

/// <summary>What a container's health check says.</summary>
internal sealed class Health
{
    private const int Kept = 5;
    private readonly Queue<JsonObject> _log = new();

    public string Status { get; private set; } = "starting";

    public int FailingStreak { get; private set; }

    /// <summary>Notes one run; true when the word has changed.</summary>
    public bool Note(int exitCode, string output, int retries)
    {
        _log.Enqueue(new JsonObject { ["ExitCode"] = exitCode, ["Output"] = output });
        if (_log.Count > Kept)
        {
            _log.Dequeue();
        }

        FailingStreak = exitCode == 0 ? 0 : FailingStreak + 1;
        var before = Status;
        Status = exitCode == 0 ? "healthy" : FailingStreak >= retries ? "unhealthy" : Status;
        return Status != before;
    }

    public JsonObject Json() => new() { ["Status"] = Status, ["FailingStreak"] = FailingStreak, ["Log"] = new JsonArray([.. _log.Select(probe => probe.DeepClone())]) };
}
