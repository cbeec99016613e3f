using System.Text.Json.Nodes;
using DeployHub.EngineSimulator.Containers;
using DeployHub.EngineSimulator.Events;
using DeployHub.EngineSimulator.Http;

namespace DeployHub.EngineSimulator.Networks;

/// <summary>The calls about networks and volumes. No packet flows.</summary>
internal sealed class NetworkStore(Engine engine)
{
    private readonly List<Network> _networks = [new("bridge", "bridge", []), new("host", "host", []), new("none", "null", [])];
    private readonly HashSet<string> _volumes = [];

    public Task Answer(Call call) => (call.Method, call.Path) switch
    {
        ("GET", ["networks"]) => List(call),
        ("GET", ["networks", var id]) => call.Json(200, Get(id).Json()),
        ("POST", ["networks", "create"]) => Create(call),
        ("POST", ["networks", var id, "connect"]) => Connect(call, Get(id)),
        ("POST", ["networks", var id, "disconnect"]) => Disconnect(call, Get(id)),
        ("DELETE", ["networks", var id]) => Remove(call, Get(id)),
        ("DELETE", ["volumes", var name]) => RemoveVolume(call, name),
        _ => throw new Refusal(404, "page not found"),
    };

    public string IdOf(string name) => Find(name)?.Id ?? "";

    /// <summary>A container's volumes are made with it.</summary>
    public void Use(Container container) => _volumes.UnionWith(Volumes(container));

    public void RefuseMissing(Container container)
    {
        if (container.Networks.Keys.FirstOrDefault(name => !name.StartsWith("container:", StringComparison.Ordinal) && Find(name) is null) is { } missing)
        {
            throw new Refusal(404, $"network {missing} not found");
        }
    }

    private Network? Find(string idOrName)
    {
        lock (engine.Gate)
        {
            return _networks.FirstOrDefault(network => network.Id == idOrName || network.Name == idOrName);
        }
    }

    private Network Get(string idOrName) => Find(idOrName) ?? throw new Refusal(404, $"network {idOrName} not found");

    private Task List(Call call)
    {
        var filters = call.Filters();
        lock (engine.Gate)
        {
            return call.Json(200, new JsonArray([.. _networks.Where(network => filters.All(filter => filter.Key switch
            {
                "label" => filter.Value.All(label => Labels.Has(network.Labels, label)),
                "name" => filter.Value.Any(name => network.Name.Contains(name, StringComparison.Ordinal)),
                _ => throw new Refusal(400, $"Invalid filter '{filter.Key}'"),
            })).Select(network => network.Json())]));
        }
    }

    private async Task Create(Call call)
    {
        var body = await call.Body();
        var network = new Network((string)body["Name"]!, (string?)body["Driver"] ?? "bridge", Labels.Of(body["Labels"]));
        lock (engine.Gate)
        {
            if (Find(network.Name) is not null)
            {
                throw new Refusal(409, $"network with name {network.Name} already exists");
            }

            _networks.Add(network);
        }

        await call.Json(201, new JsonObject { ["Id"] = network.Id, ["Warning"] = "" });
    }

    private async Task Connect(Call call, Network network)
    {
        var body = await call.Body();
        lock (engine.Gate)
        {
            engine.Containers.Get((string)body["Container"]!).Networks[network.Name] = Container.Texts(body["EndpointConfig"]?["Aliases"]);
        }

        await call.Status(200);
    }

    private async Task Disconnect(Call call, Network network)
    {
        var body = await call.Body();
        lock (engine.Gate)
        {
            engine.Containers.Get((string)body["Container"]!).Networks.Remove(network.Name);
        }

        await call.Status(200);
    }

    private Task Remove(Call call, Network network)
    {
        lock (engine.Gate)
        {
            if (engine.Containers.All.Any(container => container.Running && container.Networks.ContainsKey(network.Name)))
            {
                throw new Refusal(403, $"error while removing network: network {network.Name} id {network.Id} has active endpoints");
            }

            _networks.Remove(network);
        }

        return call.Status(204);
    }

    private Task RemoveVolume(Call call, string name)
    {
        lock (engine.Gate)
        {
            if (engine.Containers.All.FirstOrDefault(container => Volumes(container).Contains(name)) is { } user)
            {
                throw new Refusal(409, $"remove {name}: volume is in use - [{user.Id}]");
            }

            return _volumes.Remove(name) ? call.Status(204) : throw new Refusal(404, $"get {name}: no such volume");
        }
    }

    private static IEnumerable<string> Volumes(Container container) =>
        container.Mounts.Where(mount => (string?)mount["Type"] == "volume").Select(mount => (string?)mount["Source"] ?? "");

    private sealed record Network(string Name, string Driver, Dictionary<string, string> Labels)
    {
        public string Id { get; } = Engine.NewId();

        public JsonObject Json() => new() { ["Id"] = Id, ["Name"] = Name, ["Driver"] = Driver, ["Scope"] = "local", ["Labels"] = Events.Labels.Json(Labels) };
    }
}
