using System.Text.Json.Nodes;
using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

public abstract class NetworkTests(EngineKind kind) : EngineTest(kind)
{
    [Fact]
    public async Task A_network_is_made_joined_left_and_removed()
    {
        var id = await Engine.CreateNetwork(Name("net"), new JsonObject { ["Labels"] = new JsonObject { ["of"] = Name("net") } }, Ct);
        try
        {
            var container = await Run("member", "sleep 1000", body => body["HostConfig"]!["NetworkMode"] = "bridge");
            await Engine.ConnectNetwork(id, container, new JsonObject { ["Aliases"] = new JsonArray("api") }, Ct);

            var joined = (await Engine.GetContainer(container, Ct)).Raw["NetworkSettings"]!["Networks"]![Name("net")]!;
            Assert.Contains("api", joined["Aliases"]!.AsArray().Select(alias => (string?)alias));
            Assert.Equal(id, Assert.Single(await Engine.ListNetworks(new Dictionary<string, string[]> { ["label"] = [$"of={Name("net")}"] }, Ct)).Id);
            Assert.Equal(("bridge", Name("net")), ((await Engine.FindNetwork(Name("net"), Ct))!.Driver, (await Engine.FindNetwork(id, Ct))!.Labels["of"]));
            await Assert.ThrowsAsync<EngineConflictException>(() => Engine.CreateNetwork(Name("net"), ct: Ct));
            await Assert.ThrowsAsync<EngineBadRequestException>(() => Engine.RemoveNetwork(id, Ct));

            await Engine.DisconnectNetwork(id, container, ct: Ct);
        }
        finally
        {
            await Engine.RemoveNetwork(id, CancellationToken.None);
        }

        Assert.Null(await Engine.FindNetwork(id, Ct));
        await Assert.ThrowsAsync<EngineNotFoundException>(() => Engine.RemoveNetwork(id, Ct));
    }

    [Fact]
    public async Task A_volume_in_use_is_kept_and_a_free_one_removed()
    {
        var container = await Create("keeper", "true", body => body["HostConfig"]!["Mounts"] =
            new JsonArray(new JsonObject { ["Type"] = "volume", ["Source"] = Name("data"), ["Target"] = "/data" }));

        await Assert.ThrowsAsync<EngineConflictException>(() => Engine.RemoveVolume(Name("data"), Ct));
        await Engine.RemoveContainer(container, ct: Ct);
        await Engine.RemoveVolume(Name("data"), Ct);

        await Assert.ThrowsAsync<EngineNotFoundException>(() => Engine.RemoveVolume(Name("data"), Ct));
    }
}

public sealed class RealNetworkTests() : NetworkTests(EngineKind.Real);

public sealed class SimulatedNetworkTests() : NetworkTests(EngineKind.Simulated);
