using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using DeployHub.EngineSimulator.Http;

namespace DeployHub.EngineSimulator.Events;

/// <summary>What happened on an engine: the last 256 events, and whoever listens.</summary>
internal sealed class EventLog
{
    private const int Remembered = 256;
    private readonly Lock _gate = new();
    private readonly Queue<Happened> _last = new();
    private readonly List<Channel<Happened>> _listeners = [];
    private DateTime _latest = DateTime.UtcNow;

    /// <summary>Notes it and tells the listeners. Time goes forward from event to event.</summary>
    public void Add(string type, string action, string id, IEnumerable<KeyValuePair<string, string>> attributes)
    {
        lock (_gate)
        {
            var now = DateTime.UtcNow;
            _latest = now > _latest ? now : _latest.AddTicks(1);
            var happened = new Happened(type, action, id, attributes.ToDictionary(), _latest);
            _last.Enqueue(happened);
            if (_last.Count > Remembered)
            {
                _last.Dequeue();
            }

            _listeners.ForEach(listener => listener.Writer.TryWrite(happened));
        }
    }

    public async Task Serve(Call call)
    {
        var filters = call.Filters();
        var (listener, missed) = Listen(call.Query("since"));
        try
        {
            call.Head(200, "application/json");
            await call.Output.FlushAsync(call.Aborted);
            foreach (var happened in missed.Where(happened => happened.Passes(filters)))
            {
                await call.SendLine(happened.Json());
            }

            await foreach (var happened in listener.Reader.ReadAllAsync(call.Aborted))
            {
                if (happened.Passes(filters))
                {
                    await call.SendLine(happened.Json());
                }
            }
        }
        finally
        {
            lock (_gate)
            {
                _listeners.Remove(listener);
            }
        }
    }

    // From one moment on, so that nothing is told twice or not at all.
    private (Channel<Happened> Listener, Happened[] Missed) Listen(string? since)
    {
        // A listener that does not read loses the oldest, as with an engine.
        var listener = Channel.CreateBounded<Happened>(new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_gate)
        {
            _listeners.Add(listener);
            return (listener, since is null ? [] : [.. _last.Where(happened => happened.Time >= Moment(since))]);
        }
    }

    private static DateTime Moment(string seconds) =>
        DateTime.UnixEpoch.AddTicks((long)(decimal.Parse(seconds, CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond));
}

internal sealed record Happened(string Type, string Action, string Id, Dictionary<string, string> Attributes, DateTime Time)
{
    public bool Passes(Dictionary<string, string[]> filters) => filters.All(filter => filter.Value.Length == 0 || filter.Key switch
    {
        "type" => filter.Value.Contains(Type),
        // «exec_start: /bin/sh» and «health_status: healthy» are asked for by what stands before the colon.
        "event" => filter.Value.Any(wanted => Action == wanted || Action.StartsWith($"{wanted}:", StringComparison.Ordinal)),
        "container" => Type == "container" && filter.Value.Any(wanted => wanted == Id || wanted == Attributes.GetValueOrDefault("name")),
        "label" => filter.Value.All(wanted => Labels.Has(Attributes, wanted)),
        _ => throw new Refusal(400, $"Invalid filter '{filter.Key}'"),
    });

    public JsonObject Json() => new()
    {
        ["Type"] = Type,
        ["Action"] = Action,
        ["Actor"] = new JsonObject { ["ID"] = Id, ["Attributes"] = Labels.Json(Attributes) },
        ["time"] = (Time - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerSecond,
        ["timeNano"] = (Time - DateTime.UnixEpoch).Ticks * 100,
    };
}

/// <summary>Names and values, as labels and attributes are.</summary>
internal static class Labels
{
    /// <summary>As filters ask: <c>name</c> or <c>name=value</c>.</summary>
    public static bool Has(IReadOnlyDictionary<string, string> labels, string wanted) =>
        wanted.Split('=', 2) is [var name, var value] ? labels.TryGetValue(name, out var there) && there == value : labels.ContainsKey(wanted);

    public static JsonObject Json(IEnumerable<KeyValuePair<string, string>> labels) => new(labels.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value))));

    public static Dictionary<string, string> Of(JsonNode? json) =>
        json is JsonObject labels ? labels.ToDictionary(pair => pair.Key, pair => (string?)pair.Value ?? "") : [];
}
