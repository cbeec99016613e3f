using System.Text.Json.Nodes;
using DeployHub.EngineSimulator.Http;

namespace DeployHub.EngineSimulator.Containers;

/// <summary>Programs that run beside a container's own.</summary>
internal sealed class ExecStore(Engine engine)
{
    private const int NotFound = 127;
    private readonly Dictionary<string, Exec> _byId = [];

    public Task Answer(Call call) => (call.Method, call.Path) switch
    {
        ("POST", [_, var id, "start"]) => Start(call, Get(id)),
        ("GET", [_, var id, "json"]) => call.Json(200, new JsonObject { ["ID"] = id, ["Running"] = Get(id).ExitCode is null, ["ExitCode"] = Get(id).ExitCode }),
        _ => throw new Refusal(404, "page not found"),
    };

    public async Task Create(Call call, Container container)
    {
        var body = await call.Body();
        var id = Engine.NewId();
        lock (engine.Gate)
        {
            RefuseStopped(container);
            // What has ended is of no use to anybody once a later one is made.
            foreach (var ended in _byId.Where(exec => exec.Value is { ExitCode: not null, Read: true }).Select(exec => exec.Key).ToArray())
            {
                _byId.Remove(ended);
            }

            _byId[id] = new Exec(container, Container.Texts(body["Cmd"]), (string?)body["User"] ?? "");
            engine.Events.Add("container", $"exec_create: {string.Join(' ', _byId[id].Command)}", container.Id, container.Attributes());
        }

        await call.Json(201, new JsonObject { ["Id"] = id });
    }

    private async Task Start(Call call, Exec exec)
    {
        Script script;
        var (container, command) = (exec.Container, exec.Command);
        lock (engine.Gate)
        {
            RefuseStopped(container);
            script = container.Image.Files.Count > 0 && command is [['/', ..] program, ..] && container.Files.Find(program) is null
                ? new Script([new Act(TimeSpan.Zero, $"OCI runtime exec failed: exec failed: exec: \"{program}\": stat {program}: no such file or directory: unknown\r\n", false)], NotFound, false)
                : Script.Of(command, exec.User);
            engine.Events.Add("container", $"exec_start: {string.Join(' ', command)}", container.Id, container.Attributes());
        }

        call.Head(200, "application/vnd.docker.raw-stream");
        await call.Output.FlushAsync(call.Aborted);
        foreach (var act in script.Acts)
        {
            await Task.Delay(act.Pause, call.Aborted);
            await (act.Text.Length == 0 ? Task.CompletedTask : Output.Frame(call, act));
        }

        await (script.ExitCode is null ? Task.Delay(Timeout.Infinite, call.Aborted) : Task.CompletedTask);
        exec.ExitCode = script.ExitCode;
    }

    private Exec Get(string id)
    {
        lock (engine.Gate)
        {
            return _byId.TryGetValue(id, out var exec) ? exec.Seen() : throw new Refusal(404, $"No such exec instance: {id}");
        }
    }

    private static void RefuseStopped(Container container)
    {
        if (!container.Running)
        {
            throw new Refusal(409, $"Container {container.Id} is not running");
        }
    }

    private sealed class Exec(Container container, string[] command, string user)
    {
        public Container Container => container;

        public string[] Command => command;

        public string User => user;

        public int? ExitCode { get; set; }

        /// <summary>Whether its code was asked for after its end.</summary>
        public bool Read { get; private set; }

        public Exec Seen()
        {
            Read = ExitCode is not null;
            return this;
        }
    }
}
