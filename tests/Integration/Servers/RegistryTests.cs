using DeployHub.Servers;
using Xunit;

namespace DeployHub.Integration.Servers;

public class RegistryTests
{
    [Fact]
    public async Task A_registry_with_a_password_refuses_others_and_keeps_its_images_over_a_kill()
    {
        ServerFolder folder;
        await using (var registry = await Registry.Start("ci", "secret"))
        {
            folder = registry.Folder;
            await using var engine = await DockerEngine.Start();
            var image = await registry.Push(TestImage.Serving("one"), "shop/api", "v1");
            await Assert.ThrowsAsync<ServerFailedException>(() => engine.Docker("pull", "-q", image.Reference));

            await registry.Kill();
            await registry.StartAgain();
            await engine.Docker("login", "-u", "ci", "-p", "secret", registry.Host);
            await engine.Docker("pull", "-q", image.Reference);

            Assert.Equal(image.ByDigest, await engine.Docker("inspect", "-f", "{{index .RepoDigests 0}}", image.Reference));
            await registry.Delete("shop/api", image.Digest);
            await engine.Docker("rmi", image.Reference);
            await Assert.ThrowsAsync<ServerFailedException>(() => engine.Docker("pull", "-q", image.Reference));
        }

        Assert.Empty(Leftovers.Of(folder));
    }
}
