using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Docker;
using DeployHub.Servers;
using DeployHub.Worker.Containers;
using Xunit;

namespace DeployHub.Integration.Containers;

/// <summary>A real engine, its client, and two versions of an image whose own settings differ.</summary>
public sealed class Rig : IAsyncLifetime
{
    public static readonly IReadOnlyDictionary<string, string> Labels = new Dictionary<string, string> { ["deployhub.service"] = "web" };

    public DockerEngine Engine { get; private set; } = null!;

    public EngineClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Engine = await DockerEngine.Start();
        Client = new EngineClient(EngineEndpoint.Parse(Engine.Uri.OriginalString));
        await Image("v1", "VOLUME /anon", "ENV MODE=one OWN=one", "LABEL version=1 com.example.kept=image", "WORKDIR /one", "EXPOSE 7001");
        await Image("v2", "VOLUME /anon", "ENV MODE=two OWN=two", "LABEL version=2 com.example.kept=image2", "WORKDIR /two", "EXPOSE 7002", "USER 0:0");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Engine.DisposeAsync();
    }

    /// <summary>A folder on the host, to be bound.</summary>
    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(Engine.Folder.Path, name)).FullName;

    /// <summary>The start of a /24 that is the engine's own and in none of its pools; a static address needs a network with a chosen one.</summary>
    public async Task<string> FreeRange(int number)
    {
        var bridge = await Engine.Docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "bridge");
        return string.Create(CultureInfo.InvariantCulture, $"{string.Join('.', bridge.Split('.')[..2])}.{number}");
    }

    public Task<ContainerInspection> Inspect(string name) => Client.GetContainer(name, Ct);

    public async Task<JsonObject> ImageConfig(string name) => (await Client.FindImage(name, Ct))!.Config;

    /// <summary>Does with a plan what a deployment does, and returns the container that runs then.</summary>
    public async Task<JsonObject> Run(string name, ContainerPlan plan)
    {
        var id = await Client.CreateContainer(name, plan.Body, Ct);
        foreach (var network in plan.FurtherNetworks)
        {
            await Client.ConnectNetwork(network.Network, id, network.EndpointConfig, Ct);
        }

        await Client.StartContainer(id, Ct);
        var seen = await Inspect(id);
        Assert.True(seen.State.Running, seen.State.Error);
        return seen.Raw;
    }

    /// <summary>Adopts a container: the old one is stopped and keeps its data under the name <c>old-…</c>.</summary>
    public async Task<JsonObject> Adopt(JsonObject old, string name, string image = "app:v2")
    {
        var plan = AdoptedContainer.Plan(old, await ImageConfig("app:v1"), image, Labels);
        await Engine.Docker("stop", name);
        await Engine.Docker("rename", name, $"old-{name}");
        return await Run(name, plan);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    // A commit changes an image's settings without a build.
    private async Task Image(string tag, params string[] changes)
    {
        var image = await Engine.Load(TestImage.Serving(tag), "base", tag);
        var id = await Engine.Docker("create", image.Reference);
        await Engine.Docker(["commit", .. changes.SelectMany(change => new[] { "--change", change }), id, $"app:{tag}"]);
        await Engine.Docker("rm", "-v", id);
    }
}
