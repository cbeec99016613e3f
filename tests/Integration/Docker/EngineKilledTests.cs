using System.Text.Json.Nodes;
using DeployHub.Docker;
using DeployHub.Servers;
using Xunit;

namespace DeployHub.Tests.Docker;

public class EngineKilledTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public Task What_was_under_way_when_the_engine_died_is_lost_and_later_calls_reach_nothing() => Die(Setup.DoomedEngine, Setup.KillDoomedEngine);

    [Fact]
    public async Task The_same_holds_of_a_simulated_engine()
    {
        await using var engines = await SimulatedEngines.Start(1);
        await Die(EngineEndpoint.Parse(engines.Endpoints[0]), engines.Kill);
    }

    private static async Task Die(EngineEndpoint endpoint, Func<Task> kill)
    {
        using var engine = new EngineClient(endpoint);
        await engine.LoadImage(BusyboxImage.Saved(), Ct);
        var id = await engine.CreateContainer($"doomed-{Guid.NewGuid():N}", new JsonObject
        {
            ["Image"] = BusyboxImage.Name,
            ["Cmd"] = new JsonArray("trap '' TERM; while :; do sleep 1; done"),
            ["HostConfig"] = new JsonObject { ["NetworkMode"] = "none" },
        }, Ct);
        await using var events = await engine.OpenEvents(null, Ct);
        await engine.StartContainer(id, Ct);
        var reading = events.ReadAll(Ct).ToListAsync(Ct).AsTask();
        var waiting = engine.WaitContainer(id, Ct);
        var running = engine.Exec(id, ["/bin/sh", "-c", "echo begun; sleep 1000"], ct: Ct);
        var stopping = engine.StopContainer(id, TimeSpan.FromSeconds(60), Ct);
        // The engine has taken the stop up as soon as it tells of the signal.
        await engine.Events(new Dictionary<string, string[]> { ["event"] = ["kill"] }, DateTimeOffset.UnixEpoch, Ct).FirstAsync(Ct).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Ct);
        await engine.Events(new Dictionary<string, string[]> { ["event"] = ["exec_start"] }, DateTimeOffset.UnixEpoch, Ct).FirstAsync(Ct).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Ct);

        await kill();

        await Assert.ThrowsAsync<EngineResponseLostException>(() => stopping);
        await Assert.ThrowsAsync<EngineResponseLostException>(() => waiting);
        await Assert.ThrowsAsync<EngineResponseLostException>(() => running);
        await Assert.ThrowsAsync<EngineResponseLostException>(() => reading);
        await Assert.ThrowsAsync<EngineUnreachableException>(() => engine.StartContainer(id, Ct));
        await Assert.ThrowsAsync<EngineUnreachableException>(() => engine.FindContainer(id, Ct));
    }
}
