using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

public class ImageReferenceTests
{
    private static readonly string Digest = "sha256:" + new string('a', 64);

    [Theory]
    [InlineData("app", "app", null, "docker.io")]
    [InlineData("app:v1", "app", "v1", "docker.io")]
    [InlineData("library/app:v1", "library/app", "v1", "docker.io")]
    [InlineData("localhost/app", "localhost/app", null, "localhost")]
    [InlineData("127.0.0.1:5000/app", "127.0.0.1:5000/app", null, "127.0.0.1:5000")]
    [InlineData("127.0.0.1:5000/shop/api:v1.2-3_4", "127.0.0.1:5000/shop/api", "v1.2-3_4", "127.0.0.1:5000")]
    [InlineData("registry.example.com/a__b/c--d/e.f", "registry.example.com/a__b/c--d/e.f", null, "registry.example.com")]
    [InlineData("[::1]:5000/app:v1", "[::1]:5000/app", "v1", "[::1]:5000")]
    public void A_name_is_taken_apart(string text, string repository, string? tag, string host)
    {
        var image = ImageReference.Parse(text);

        Assert.Equal((repository, tag, null, host, text), (image.Repository, image.Tag, image.Digest, image.RegistryHost, image.ToString()));
    }

    [Fact]
    public void A_digest_stands_beside_a_tag_or_alone()
    {
        Assert.Equal(("h:1/app", "v1", Digest), (Parsed($"h:1/app:v1@{Digest}").Repository, Parsed($"h:1/app:v1@{Digest}").Tag, Parsed($"h:1/app:v1@{Digest}").Digest));
        Assert.Equal($"h:1/app@{Digest}", Parsed("h:1/app:v1").WithDigest(Digest).ToString());
        Assert.Equal(Parsed("h:1/app:v1"), Parsed("h:1/app:v1"));

        static ImageReference Parsed(string text) => ImageReference.Parse(text);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" app")]
    [InlineData("App")]
    [InlineData("h:1/App")]
    [InlineData("app:")]
    [InlineData("app:v1\n")]
    [InlineData("app@")]
    [InlineData("app@sha256:abc")]
    [InlineData("a//b")]
    [InlineData("/app")]
    [InlineData("h:1/")]
    [InlineData("../etc/passwd")]
    [InlineData("-h.x/app")]
    [InlineData("app:a/b:c")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void What_no_engine_would_take_is_refused(string? text)
    {
        Assert.False(ImageReference.TryParse(text, out _));
        Assert.Throws<FormatException>(() => ImageReference.Parse(text!));
    }
}
