using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

public class EngineEndpointTests
{
    [Theory]
    [InlineData("unix:///var/run/docker.sock", EngineTransport.Unix, "/var/run/docker.sock", 0)]
    [InlineData("tcp://10.0.0.5:2375", EngineTransport.Tcp, "10.0.0.5", 2375)]
    [InlineData("tcp://web-1.example.com:2375/", EngineTransport.Tcp, "web-1.example.com", 2375)]
    [InlineData("tcp://[::1]:2375", EngineTransport.Tcp, "::1", 2375)]
    public void An_endpoint_is_read_as_DOCKER_HOST_writes_it(string text, EngineTransport transport, string host, int port)
    {
        var endpoint = EngineEndpoint.Parse(text);

        Assert.Equal((transport, host, port, text), (endpoint.Transport, endpoint.Host, endpoint.Port, endpoint.ToString()));
    }

    [Theory]
    [InlineData(null, "is not a Docker endpoint")]
    [InlineData("", "is not a Docker endpoint")]
    [InlineData("/var/run/docker.sock", "is not a Docker endpoint")]
    [InlineData("unix://", "absolute path")]
    [InlineData("unix://docker.sock", "absolute path")]
    [InlineData("tcp://10.0.0.5", "a host and a port")]
    [InlineData("tcp://:2375", "a host and a port")]
    [InlineData("tcp://10.0.0.5:70000", "a host and a port")]
    [InlineData("tcp://10.0.0.5:2375/path", "no path")]
    [InlineData("npipe:////./pipe/docker_engine", "'npipe' is not known")]
    [InlineData("ssh://deploy@web-1", "ssh is not supported yet")]
    [InlineData("https://web-1:2376", "TLS is not supported yet")]
    public void What_cannot_be_used_is_refused_with_a_sentence(string? text, string problem)
    {
        Assert.False(EngineEndpoint.TryParse(text, out _, out var said));
        Assert.Contains(problem, said, StringComparison.Ordinal);
        Assert.Equal(said, Assert.Throws<EngineEndpointException>(() => EngineEndpoint.Parse(text!)).Message);
    }

    [Fact]
    public void A_password_typed_into_the_endpoint_is_not_repeated()
    {
        Assert.False(EngineEndpoint.TryParse("tcp://me:s3cret@10.0.0.5:2375", out _, out var problem));
        Assert.DoesNotContain("s3cret", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_socket_path_longer_than_the_kernel_takes_is_refused() =>
        Assert.False(EngineEndpoint.TryParse("unix:///" + new string('d', 107), out _, out _));

    [Fact]
    public void Tcp_with_a_client_certificate_is_recognised_and_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=client", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue);

        var refused = Assert.Throws<EngineEndpointException>(() => EngineEndpoint.Parse("tcp://10.0.0.5:2376", new EngineTls(certificate)));

        Assert.Contains("over TLS is not supported yet", refused.Message, StringComparison.Ordinal);
    }
}
