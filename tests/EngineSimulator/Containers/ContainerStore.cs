using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.EngineSimulator.Events;
using DeployHub.EngineSimulator.Http;

namespace DeployHub.EngineSimulator.Containers;

/// <summary>The calls about containers.</summary>
internal sealed class ContainerStore(Engine engine)
{
    private readonly Dictionary<string, Container> _byId = [];
    private readonly Dictionary<string, Container> _byName = [];
    private readonly Lifecycle _lifecycle = new(engine);

    public IEnumerable<Container> All => _byId.Values;

    public Task Answer(Call call) => (call.Method, call.Path) switch
    {
        ("POST", [_, "create"]) => Create(call),
        ("GET", [_, "json"]) => List(call),
        ("GET", [_, var id, "json"]) => call.Json(200, Inspect(id)),
        ("POST", [_, var id, "start"]) => Start(call, Get(id)),
        ("POST", [_, var id, "stop"]) => Stop(call, Get(id)),
        ("POST", [_, var id, "restart"]) => Restart(call, Get(id)),
        ("POST", [_, var id, "kill"]) => Kill(call, Get(id)),
        ("POST", [_, var id, "wait"]) => Wait(call, Get(id)),
        ("POST", [_, var id, "rename"]) => Rename(call, Get(id)),
        ("POST", [_, var id, "update"]) => Update(call, Get(id)),
        ("DELETE", [_, var id]) => Remove(call, Get(id)),
        ("GET", [_, var id, "logs"]) => Output.Logs(call, Get(id)),
        (_, [_, var id, "archive"]) => Archives.Answer(engine, call, Get(id)),
        ("POST", [_, var id, "exec"]) => engine.Execs.Create(call, Get(id)),
        _ => throw new Refusal(404, "page not found"),
    };

    /// <summary>By id, by name, or by the beginning of an id.</summary>
    public Container? Find(string idOrName)
    {
        lock (engine.Gate)
        {
            return _byId.GetValueOrDefault(idOrName) ?? _byName.GetValueOrDefault(idOrName)
                ?? (idOrName.Length >= 12 ? _byId.Values.FirstOrDefault(container => container.Id.StartsWith(idOrName, StringComparison.Ordinal)) : null);
        }
    }

    public Container Get(string idOrName) => Find(idOrName) ?? throw new Refusal(404, $"No such container: {idOrName}");

    private async Task Create(Call call)
    {
        var (name, body) = (call.Query("name") ?? Engine.NewId()[..12], await call.Body());
        Container made;
        lock (engine.Gate)
        {
            var reference = (string?)body["Image"] ?? "";
            var image = engine.Images.Find(reference) ?? throw new Refusal(404, $"No such image: {reference}");
            RefuseTaken(name);
            made = new Container(name, reference, image, Merged(body, image.Config), body["HostConfig"]?.DeepClone().AsObject() ?? []);
            if (made.Mounts.FirstOrDefault(mount => (string?)mount["Type"] == "bind" && !Path.Exists((string)mount["Source"]!)) is { } missing)
            {
                throw new Refusal(400, $"invalid mount config for type \"bind\": bind source path does not exist: {missing["Source"]}");
            }

            var mode = made.NetworkMode is "default" ? "bridge" : made.NetworkMode;
            made.Networks[mode] = Container.Texts(body["NetworkingConfig"]?["EndpointsConfig"]?[mode]?["Aliases"]);
            engine.Networks.Use(made);
            _byId[made.Id] = _byName[name] = made;
            engine.Events.Add("container", "create", made.Id, made.Attributes());
        }

        await call.Json(201, new JsonObject { ["Id"] = made.Id, ["Warnings"] = new JsonArray() });
    }

    // The image gives what the request leaves out; labels and environment are joined.
    private static JsonObject Merged(JsonObject body, JsonObject image)
    {
        var config = body.DeepClone().AsObject();
        config.Remove("HostConfig");
        config.Remove("NetworkingConfig");
        // Whoever gives an entrypoint does not want the image's arguments.
        var own = config["Entrypoint"] is JsonArray { Count: > 0 };
        foreach (var (key, value) in image.Where(pair => pair.Value is not null && !(own && pair.Key == "Cmd")))
        {
            if (config[key] is null or JsonArray { Count: 0 })
            {
                config[key] = value!.DeepClone();
            }
        }

        config["Labels"] = Labels.Json(Labels.Of(image["Labels"]).Concat(Labels.Of(body["Labels"])).GroupBy(pair => pair.Key).Select(group => group.Last()));
        return config;
    }

    private Task List(Call call)
    {
        var (all, filters) = (call.Flag("all"), call.Filters());
        lock (engine.Gate)
        {
            return call.Json(200, new JsonArray([.. _byId.Values
                .Where(container => (all || container.Running) && filters.All(filter => Passes(container, filter.Key, filter.Value)))
                .OrderByDescending(container => container.Created).Select(container => container.Summary())]));
        }
    }

    private static bool Passes(Container container, string filter, string[] wanted) => filter switch
    {
        "label" => wanted.All(label => Labels.Has(container.Labels, label)),
        "id" => wanted.Any(id => container.Id.StartsWith(id, StringComparison.Ordinal)),
        "name" => wanted.Any(name => container.Name.Contains(name.Trim('^', '$', '/'), StringComparison.Ordinal)),
        "status" => wanted.Contains(container.Status),
        _ => throw new Refusal(400, $"Invalid filter '{filter}'"),
    };

    private JsonObject Inspect(string id)
    {
        lock (engine.Gate)
        {
            return Get(id).Inspection(engine.Networks.IdOf);
        }
    }

    private Task Start(Call call, Container container) => call.Status(_lifecycle.Start(container) ? 204 : 304);

    private async Task Stop(Call call, Container container) => await call.Status(await _lifecycle.Stop(container, Grace(call, container), call.Aborted) ? 204 : 304);

    private async Task Restart(Call call, Container container)
    {
        await _lifecycle.Stop(container, Grace(call, container), call.Aborted);
        _lifecycle.Start(container);
        await call.Status(204);
    }

    private Task Kill(Call call, Container container)
    {
        _lifecycle.Kill(container, call.Query("signal") ?? "SIGKILL");
        return call.Status(204);
    }

    private static async Task Wait(Call call, Container container)
    {
        await container.Ended.Task.WaitAsync(call.Aborted);
        await call.Json(200, new JsonObject { ["StatusCode"] = container.ExitCode });
    }

    private Task Rename(Call call, Container container)
    {
        var name = call.Query("name")!;
        lock (engine.Gate)
        {
            if (container.Name == name)
            {
                throw new Refusal(400, "Renaming a container with the same name as its current name");
            }

            RefuseTaken(name);
            _byName.Remove(container.Name);
            (container.Name, _byName[name]) = (name, container);
            engine.Events.Add("container", "rename", container.Id, container.Attributes());
        }

        return call.Status(204);
    }

    private async Task Update(Call call, Container container)
    {
        var body = await call.Body();
        lock (engine.Gate)
        {
            container.Host["RestartPolicy"] = body["RestartPolicy"]?.DeepClone();
            engine.Events.Add("container", "update", container.Id, container.Attributes());
        }

        await call.Json(200, new JsonObject { ["Warnings"] = new JsonArray() });
    }

    private Task Remove(Call call, Container container)
    {
        lock (engine.Gate)
        {
            if (container.Running && !call.Flag("force"))
            {
                throw new Refusal(409, $"You cannot remove a running container {container.Id}. Stop the container before attempting removal or force remove");
            }

            if (container.Running)
            {
                _lifecycle.Kill(container, "SIGKILL");
            }

            _byId.Remove(container.Id);
            _byName.Remove(container.Name);
            engine.Events.Add("container", "destroy", container.Id, container.Attributes());
        }

        return call.Status(204);
    }

    private void RefuseTaken(string name)
    {
        if (_byName.TryGetValue(name, out var other))
        {
            throw new Refusal(409, $"Conflict. The container name \"/{name}\" is already in use by container \"{other.Id}\". You have to remove (or rename) that container to be able to reuse that name.");
        }
    }

    private static TimeSpan Grace(Call call, Container container) => TimeSpan.FromSeconds(
        call.Query("t") is { } seconds ? int.Parse(seconds, CultureInfo.InvariantCulture) : (int?)container.Config["StopTimeout"] ?? 10);
}
