using DeployHub.Docker;
using DeployHub.Servers;
using Xunit;

namespace DeployHub.Tests.Docker;

public class SimulatorFaultTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_fault_is_met_as_often_as_it_was_asked_for_and_is_what_the_client_takes_it_for()
    {
        await using var engines = await SimulatedEngines.Start(2);
        using var engine = new EngineClient(EngineEndpoint.Parse(engines.Endpoints[0]), new EngineClientOptions { CallTimeout = TimeSpan.FromSeconds(5) });
        using var other = new EngineClient(EngineEndpoint.Parse(engines.Endpoints[1]));
        Assert.NotEqual((await engine.GetInfo(Ct)).Id, (await other.GetInfo(Ct)).Id);
        await engine.Pull("simulated.test/shop:v1", null, ct: Ct);
        Assert.Null(await other.FindImage("simulated.test/shop:v1", Ct));

        await engines.Fail(
            1,
            new { call = "^POST /containers/create", kind = "lose" },
            new { call = "^POST /containers/.*/start$", kind = "refuse", status = 500, message = "no space left on device", times = 2 },
            new { call = "^GET /containers/.*/json$", kind = "hang" },
            new { call = "^POST /containers/.*/stop$", kind = "drop" });

        var made = new System.Text.Json.Nodes.JsonObject { ["Image"] = "simulated.test/shop:v1" };
        await Assert.ThrowsAsync<EngineResponseLostException>(() => engine.CreateContainer("shop", made, Ct));
        var id = Assert.Single(await engine.ListContainers(null, all: true, Ct)).Id;
        Assert.Contains("no space left", (await Assert.ThrowsAsync<EngineServerException>(() => engine.StartContainer(id, Ct))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<EngineServerException>(() => engine.StartContainer(id, Ct));
        Assert.True(await engine.StartContainer(id, Ct));
        await Assert.ThrowsAsync<EngineTimeoutException>(() => engine.GetContainer(id, Ct));
        await Assert.ThrowsAsync<EngineResponseLostException>(() => engine.StopContainer(id, TimeSpan.Zero, Ct));
        Assert.True((await engine.GetContainer(id, Ct)).State.Running);
    }
}
