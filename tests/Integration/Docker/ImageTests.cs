using System.Net;
using System.Net.Sockets;
using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

public abstract class ImageTests(EngineKind kind) : EngineTest(kind)
{
    private static readonly string NoSuchDigest = "sha256:" + new string('0', 63) + "1";

    [Fact]
    public async Task An_image_is_pulled_by_the_digest_that_its_tag_resolves_to()
    {
        var repository = $"{Setup.Registry}/{Name("app")}";
        var pushed = await BusyboxImage.Push(Setup.Registry, Name("app"), "v1", null, Ct);
        var progress = new List<PullProgress>();

        var digest = await Engine.ResolveDigest($"{repository}:v1", null, Ct);
        await Engine.Pull($"{repository}:v1@{digest}", null, new Told(progress), Ct);

        Assert.Equal(pushed, digest);
        Assert.Contains(progress, step => step.Status == $"Digest: {digest}");
        var image = await Engine.GetImage($"{repository}@{digest}", Ct);
        Assert.Contains($"{repository}@{digest}", image.RepoDigests);
        Assert.Equal(["/bin/sh", "-c"], image.Entrypoint);
        Assert.Equal(["sleep 1000"], image.Cmd);
        Assert.False(image.HasHealthcheck);
    }

    [Fact]
    public async Task A_pull_by_tag_gives_the_tag_and_only_that()
    {
        var repository = $"{Setup.Registry}/{Name("tags")}";
        await BusyboxImage.Push(Setup.Registry, Name("tags"), "v1", null, Ct);
        await BusyboxImage.Push(Setup.Registry, Name("tags"), "v2", null, Ct);

        await Engine.Pull($"{repository}:v1", null, ct: Ct);

        Assert.NotNull(await Engine.FindImage($"{repository}:v1", Ct));
        Assert.Null(await Engine.FindImage($"{repository}:v2", Ct));
    }

    [Fact]
    public async Task What_the_registry_does_not_have_is_an_image_not_found()
    {
        await BusyboxImage.Push(Setup.Registry, Name("app"), "v1", null, Ct);

        foreach (var missing in new[] { $"{Name("app")}:v9", $"{Name("none")}:v1", $"{Name("app")}@{NoSuchDigest}" })
        {
            var pull = await Assert.ThrowsAsync<ImageNotFoundException>(() => Engine.Pull($"{Setup.Registry}/{missing}", null, ct: Ct));
            var resolve = await Assert.ThrowsAsync<ImageNotFoundException>(() => Engine.ResolveDigest($"{Setup.Registry}/{missing}", null, Ct));
            Assert.Contains("manifest unknown", pull.Message, StringComparison.Ordinal);
            Assert.Equal((404, 404), (pull.StatusCode, resolve.StatusCode));
        }
    }

    [Fact]
    public async Task A_registry_that_wants_a_password_is_told_from_one_that_has_no_such_image()
    {
        var right = Setup.PrivateRegistry;
        var wrong = right with { Password = "not-the-password" };
        var image = $"{right.ServerAddress}/{Name("app")}:v1";
        var digest = await BusyboxImage.Push(right.ServerAddress, Name("app"), "v1", right, Ct);

        var none = await Assert.ThrowsAsync<RegistryUnauthorizedException>(() => Engine.Pull(image, null, ct: Ct));
        var bad = await Assert.ThrowsAsync<RegistryUnauthorizedException>(() => Engine.Pull(image, wrong, ct: Ct));
        await Assert.ThrowsAsync<RegistryUnauthorizedException>(() => Engine.ResolveDigest(image, null, Ct));
        await Assert.ThrowsAsync<RegistryUnauthorizedException>(() => Engine.ResolveDigest(image, wrong, Ct));
        await Assert.ThrowsAsync<ImageNotFoundException>(() => Engine.Pull(image.Replace(":v1", ":v9", StringComparison.Ordinal), right, ct: Ct));

        Assert.DoesNotContain("not-the-password", bad.ToString(), StringComparison.Ordinal);
        Assert.Contains("no basic auth credentials", none.Message, StringComparison.Ordinal);
        Assert.Equal(digest, await Engine.ResolveDigest(image, right, Ct));
        await Engine.Pull(image, right, ct: Ct);
        Assert.NotNull(await Engine.FindImage(image, Ct));
    }

    [Fact]
    public async Task A_registry_that_is_down_is_unreachable()
    {
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        var image = $"127.0.0.1:{((IPEndPoint)port.LocalEndpoint).Port}/app:v1";
        port.Stop();

        var pull = await Assert.ThrowsAsync<RegistryUnreachableException>(() => Engine.Pull(image, null, ct: Ct));
        await Assert.ThrowsAsync<RegistryUnreachableException>(() => Engine.ResolveDigest(image, null, Ct));
        Assert.Contains("connection refused", pull.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_gets_a_further_name_and_loses_it()
    {
        var name = $"{Setup.Registry}/{Name("named")}";

        await Engine.TagImage(BusyboxImage.Name, name, "v1", Ct);
        Assert.Contains($"{name}:v1", (await Engine.GetImage(BusyboxImage.Name, Ct)).RepoTags);
        await Engine.RemoveImage($"{name}:v1", ct: Ct);

        Assert.Null(await Engine.FindImage($"{name}:v1", Ct));
        await Assert.ThrowsAsync<ImageNotFoundException>(() => Engine.GetImage($"{name}:v1", Ct));
        await Assert.ThrowsAsync<ImageNotFoundException>(() => Engine.RemoveImage($"{name}:v1", ct: Ct));
        await Assert.ThrowsAsync<ImageNotFoundException>(() => Engine.TagImage($"{name}:v1", name, "v2", Ct));
    }

    [Fact]
    public async Task A_tar_is_loaded_and_says_what_it_held()
    {
        using var saved = BusyboxImage.Saved();

        Assert.Equal([BusyboxImage.Name], await Engine.LoadImage(saved, Ct));
        Assert.True(saved.CanRead);
    }

    [Fact]
    public async Task A_tar_that_is_no_image_is_refused()
    {
        using var nonsense = new MemoryStream(new byte[1024]);

        await Assert.ThrowsAnyAsync<EngineException>(() => Engine.LoadImage(nonsense, Ct));
    }

    private sealed class Told(List<PullProgress> seen) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => seen.Add(value);
    }
}

public sealed class RealImageTests() : ImageTests(EngineKind.Real)
{
    [Fact]
    public async Task A_registry_that_fails_in_mid_pull_fails_the_pull_though_the_engine_answered_200()
    {
        await using var registry = new BrokenRegistry();

        var broken = await Assert.ThrowsAsync<ImageNotFoundException>(() => Engine.Pull($"{registry.Host}/app:v1", null, ct: Ct));

        Assert.Null(broken.StatusCode);
        Assert.EndsWith("unknown blob", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pull_whose_layer_stops_coming_ends_at_the_callers_wish()
    {
        await using var registry = new BrokenRegistry(hangs: true);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var pulling = Engine.Pull($"{registry.Host}/app:v1", null, ct: cancel.Token);
        await registry.LayerBegun.Task.WaitAsync(TimeSpan.FromSeconds(60), Ct);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pulling);
    }
}

public sealed class SimulatedImageTests() : ImageTests(EngineKind.Simulated);
