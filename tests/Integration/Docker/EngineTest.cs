using System.Text.Json.Nodes;
using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

/// <summary>What the client talks to. What holds of both is tested with both, so that the simulated engine stays true to the real one.</summary>
public enum EngineKind
{
    Real,
    Simulated,
}

/// <summary>A client of the test engine, and containers that are gone after the test.</summary>
public abstract class EngineTest(EngineKind kind) : IAsyncLifetime
{
    private const string Label = "engine-client-test";
    private readonly string _run = Guid.NewGuid().ToString("N")[..12];

    internal EngineEndpoint Endpoint { get; } = kind == EngineKind.Real ? Setup.Engine : Setup.SimulatedEngine;

    internal EngineClient Engine => field ??= new(Endpoint);

    internal static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        if (await Engine.FindImage(BusyboxImage.Name, Ct) is null)
        {
            await Engine.LoadImage(BusyboxImage.Saved(), Ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var container in await Engine.ListContainers(new Dictionary<string, string[]> { ["label"] = [$"{Label}={_run}"] }, all: true, CancellationToken.None))
        {
            await Engine.RemoveContainer(container.Id, force: true, removeVolumes: true, CancellationToken.None);
        }

        Engine.Dispose();
        GC.SuppressFinalize(this);
    }

    internal string Name(string name) => $"{name}-{_run}";

    /// <summary>Creates a container that runs a line of shell, without a network.</summary>
    internal Task<string> Create(string name, string shell, Action<JsonObject>? with = null)
    {
        var body = new JsonObject
        {
            ["Image"] = BusyboxImage.Name,
            ["Cmd"] = new JsonArray(shell),
            ["Labels"] = new JsonObject { [Label] = _run },
            ["StopSignal"] = "SIGKILL",
            ["HostConfig"] = new JsonObject { ["NetworkMode"] = "none" },
        };
        with?.Invoke(body);
        return Engine.CreateContainer(Name(name), body, Ct);
    }

    internal async Task<string> Run(string name, string shell, Action<JsonObject>? with = null)
    {
        var id = await Create(name, shell, with);
        Assert.True(await Engine.StartContainer(id, Ct));
        return id;
    }
}
