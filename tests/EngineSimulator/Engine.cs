using System.Security.Cryptography;
using System.Text.Json.Nodes;
using DeployHub.EngineSimulator.Containers;
using DeployHub.EngineSimulator.Events;
using DeployHub.EngineSimulator.Http;
using DeployHub.EngineSimulator.Images;
using DeployHub.EngineSimulator.Networks;

namespace DeployHub.EngineSimulator;

/// <summary>One engine: its state, all of it in memory, and which part of it answers which call.</summary>
internal sealed class Engine
{
    private readonly string _id = NewId();

    public Engine(string name)
    {
        Name = name;
        Images = new ImageStore(this);
        Networks = new NetworkStore(this);
        Containers = new ContainerStore(this);
        Execs = new ExecStore(this);
    }

    public string Name { get; }

    /// <summary>Held while state is read or changed, never while something is waited for.</summary>
    public Lock Gate { get; } = new();

    public EventLog Events { get; } = new();

    public ImageStore Images { get; }

    public NetworkStore Networks { get; }

    public ContainerStore Containers { get; }

    public ExecStore Execs { get; }

    /// <summary>64 hexadecimal digits.</summary>
    public static string NewId() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    public Task Answer(Call call) => (call.Method, call.Path) switch
    {
        ("GET" or "HEAD", ["_ping"]) => call.Text("OK"),
        ("GET", ["version"]) => call.Json(200, new JsonObject { ["Version"] = "20.10.24", ["ApiVersion"] = "1.41", ["MinAPIVersion"] = "1.12" }),
        ("GET", ["info"]) => call.Json(200, Info()),
        ("GET", ["events"]) => Events.Serve(call),
        (_, ["containers", ..]) => Containers.Answer(call),
        (_, ["exec", ..]) => Execs.Answer(call),
        (_, ["images" or "distribution", ..]) => Images.Answer(call),
        (_, ["networks" or "volumes", ..]) => Networks.Answer(call),
        _ => throw new Refusal(404, "page not found"),
    };

    private JsonObject Info() => new()
    {
        ["ID"] = _id, ["Name"] = Name, ["DockerRootDir"] = $"/simulated/{Name}", ["ServerVersion"] = "20.10.24", ["OSType"] = "linux", ["Architecture"] = "x86_64",
        ["NCPU"] = Environment.ProcessorCount,
    };
}
