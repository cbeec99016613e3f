using DeployHub.Servers;
using Xunit;

namespace DeployHub.Integration.Servers;

public class DockerEngineTests
{
    [Fact]
    public async Task An_engine_pulls_an_image_by_digest_and_its_published_port_answers()
    {
        await using var registry = await Registry.Start();
        await using var engine = await DockerEngine.Start();
        var image = await registry.Push(TestImage.Serving("one"), "shop/api", "v1", "latest");

        await engine.Docker("pull", "-q", image.ByDigest);
        await engine.Docker("run", "-d", "--name", "api", "-p", "127.0.0.1::8080", image.ByDigest);

        Assert.Equal(image.ImageId, await engine.Docker("inspect", "-f", "{{.Image}}", "api"));
        await Eventually.Equal("one", () => Get(engine, "api"));
    }

    [Fact]
    public async Task An_engine_that_was_killed_starts_again_with_its_containers()
    {
        await using var engine = await DockerEngine.Start();
        var image = await engine.Load(TestImage.Serving("one"), "app", "v1");
        await engine.Docker("run", "-d", "--name", "app", "--restart", "always", "-p", "127.0.0.1::8080", image.Reference);

        await engine.Kill();
        Assert.False(engine.IsRunning);
        await Assert.ThrowsAsync<ServerFailedException>(() => engine.Docker("ps"));
        await engine.Restart();

        await Eventually.Equal("one", () => Get(engine, "app"));
        await engine.KillWithContainers();
        await engine.Restart();
        await Eventually.Equal("one", () => Get(engine, "app"));
    }

    [Fact]
    public async Task A_stopped_engine_lets_its_containers_end_and_a_paused_one_does_not_answer()
    {
        await using var engine = await DockerEngine.Start(tcp: true);
        Assert.Equal("", await Programs.Run("docker", ["-H", engine.TcpUri!.OriginalString, "ps", "-q"]));

        engine.Pause();
        var late = engine.Docker("ps", "-q");
        await Assert.ThrowsAsync<TimeoutException>(() => late.WaitAsync(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken));
        engine.Resume();
        Assert.Equal("", await late);

        await engine.Restart();
        Assert.Equal("", await engine.Docker("ps", "-q"));
    }

    [Fact]
    public async Task Images_are_healthy_unhealthy_crashing_or_without_a_program()
    {
        await using var engine = await DockerEngine.Start();
        await engine.Load(TestImage.Serving("one").Healthy(TimeSpan.FromMilliseconds(200)), "healthy");
        await engine.Load(TestImage.Serving("one").Unhealthy(TimeSpan.FromMilliseconds(200)), "unhealthy");
        await engine.Load(TestImage.Exiting(7, "no database"), "crashing");
        await engine.Load(TestImage.WithoutProgram("nothing"), "empty");
        await engine.Docker("run", "-d", "--name", "app-a", "healthy");
        await engine.Docker("run", "-d", "--name", "app-b", "unhealthy");
        await engine.Docker("run", "-d", "--name", "app-c", "--restart", "always", "crashing");

        await Eventually.Equal("healthy", () => engine.Docker("inspect", "-f", "{{.State.Health.Status}}", "app-a"));
        await Eventually.Equal("unhealthy", () => engine.Docker("inspect", "-f", "{{.State.Health.Status}}", "app-b"));
        await Eventually.Equal("2", () => engine.Docker("inspect", "-f", "{{.RestartCount}}", "app-c"));
        Assert.StartsWith("no database", await engine.Docker("logs", "app-c"), StringComparison.Ordinal);
        await Assert.ThrowsAsync<ServerFailedException>(() => engine.Docker("create", "empty"));
        Assert.NotEqual("", await engine.Docker("create", "empty", "any"));
    }

    [Fact]
    public async Task Nothing_remains_of_an_engine_that_was_disposed_while_containers_ran()
    {
        ServerFolder folder;
        await using (var engine = await DockerEngine.Start())
        {
            folder = engine.Folder;
            var image = await engine.Load(TestImage.Serving("one") with { StopSignal = "SIGTERM" }, "app");
            await engine.Docker("network", "create", "shop");
            await engine.Docker("run", "-d", "--network", "shop", "--restart", "always", "-v", "data:/data", "-p", "127.0.0.1::8080", image.Reference);
            await engine.Docker("run", "-d", "--init", image.Reference);
            var before = Leftovers.Of(folder);
            Assert.Contains(before, line => line.StartsWith("mount", StringComparison.Ordinal));
            Assert.Contains(before, line => line.StartsWith("interface br-", StringComparison.Ordinal));
            engine.Pause();
        }

        Assert.Empty(Leftovers.Of(folder));
    }

    private static async Task<string> Get(DockerEngine engine, string container)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri($"http://127.0.0.1:{await engine.PublishedPort(container)}/"), TestContext.Current.CancellationToken);
    }
}
