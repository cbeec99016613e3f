using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>A registry that goes away in the middle of a pull, and an engine whose disk is full: nothing is touched, and what can pass is tried again.</summary>
public sealed class RegistryFaultTests(StandaloneHub fixture) : IClassFixture<StandaloneHub>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_registry_killed_in_the_middle_of_a_pull_is_asked_again_for_a_while(bool comesBack)
    {
        // The engine gives up at once, so that it is DeployHub that tries again.
        await using var engine = await DockerEngine.Start("engine", tcp: false, "--max-download-attempts=1");
        await using var registry = await Registry.Start();
        using var line = HeldLine.To(registry);
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        await shop.UseImage($"{line.Host}/{shop.Repository}");
        var name = await shop.AddService("api");
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        await shop.Deploy(new { imageTag = "v1" });
        var before = await Shop.ContainerId(engine, name);
        (line.AnswerBytes, line.Hold) = (4096, "/blobs/");
        var id = await shop.Submit(new { imageTag = "v2" });
        await line.Holds();

        await registry.Kill();
        line.Cut();
        await (comesBack ? registry.StartAgain() : Task.CompletedTask);
        var plan = await shop.End(id);

        await Eventually.Equal($"{name}=running", () => shop.Containers(engine));
        if (comesBack)
        {
            Assert.Equal("completed", (string)plan["status"]!);
            Assert.NotEqual(before, await Shop.ContainerId(engine, name));
        }
        else
        {
            await Untouched(plan, "REGISTRY_UNREACHABLE", engine, name, before);
            var message = (string)plan["error"]!["message"]!;
            Assert.StartsWith($"The registry of {line.Host}/{shop.Repository}@sha256:", message, StringComparison.Ordinal);
            Assert.EndsWith("Check that it runs and can be reached from there.", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_full_disk_fails_the_pull_and_the_former_container_serves_on()
    {
        var disk = Directory.CreateTempSubdirectory("deployhub-disk-").FullName;
        await Programs.Run("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]);
        try
        {
            await using var engine = await DockerEngine.Start("engine", tcp: false, "--data-root", disk);
            var (_, registry) = await fixture.Servers();
            var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
            var name = await shop.AddService("api");
            await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
            await registry.Push(TestImage.Serving(new string('x', 40 << 20)), shop.Repository, "large");
            await shop.Deploy(new { imageTag = "v1" });
            var before = await Shop.ContainerId(engine, name);

            var plan = await shop.Deploy(new { imageTag = "large" });

            await Untouched(plan, "ENGINE_ERROR", engine, name, before);
            Assert.Contains("no space left on device", (string)plan["error"]!["message"]!, StringComparison.Ordinal);
            Assert.Contains("free some space", (string)plan["error"]!["message"]!, StringComparison.Ordinal);
            Assert.Equal($"{name}=running", await shop.Containers(engine));
        }
        finally
        {
            await Programs.Run("umount", ["-l", disk]);
            Directory.Delete(disk);
        }
    }

    private static async Task Untouched(JsonNode plan, string code, DockerEngine engine, string name, string before)
    {
        Assert.Equal(("failed", code), ((string)plan["status"]!, (string)plan["error"]!["code"]!));
        Assert.Equal(before, await Shop.ContainerId(engine, name));
        Assert.Equal("true 0", (await engine.Docker("inspect", "-f", "{{.State.Running}} {{.RestartCount}}", name)).Trim());
    }
}
