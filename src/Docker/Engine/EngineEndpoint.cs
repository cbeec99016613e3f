using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace DeployHub.Docker;

/// <summary>How the bytes travel to an engine.</summary>
public enum EngineTransport
{
    /// <summary>A unix domain socket on this host: <c>unix:///var/run/docker.sock</c>.</summary>
    Unix,

    /// <summary>Plain HTTP over TCP: <c>tcp://host:2375</c>. Whoever reaches the port owns the host.</summary>
    Tcp,

    /// <summary>HTTP over TLS with a client certificate. Recognised, not supported yet.</summary>
    Tls,

    /// <summary><c>ssh://user@host</c>. Recognised, not supported yet.</summary>
    Ssh,
}

/// <summary>What a <c>tcp://</c> endpoint needs to speak TLS both ways (dockerd's <c>--tlsverify</c>). Not supported yet: <see cref="EngineEndpoint.Parse"/> refuses it.</summary>
/// <param name="ClientCertificate">The client's certificate with its private key.</param>
/// <param name="Authority">The certificate that signed the engine's own, or null for the machine's trust store.</param>
public sealed record EngineTls(X509Certificate2 ClientCertificate, X509Certificate2? Authority = null);

/// <summary>Where one Docker engine listens, in the notation of <c>DOCKER_HOST</c>.</summary>
public sealed record EngineEndpoint
{
    // sizeof(sockaddr_un.sun_path) is 108 on Linux, one of them the closing zero (unix(7)).
    private const int LongestSocketPath = 107;

    private EngineEndpoint(EngineTransport transport, string address, string host, int port)
    {
        Transport = transport;
        Address = address;
        Host = host;
        Port = port;
    }

    /// <summary>How the bytes travel: <see cref="EngineTransport.Unix"/> or <see cref="EngineTransport.Tcp"/>.</summary>
    public EngineTransport Transport { get; }

    /// <summary>The endpoint as it was given, for messages.</summary>
    public string Address { get; }

    /// <summary>The socket's path (unix) or the host's name or address (tcp).</summary>
    public string Host { get; }

    /// <summary>The TCP port, 1-65535; 0 for a unix socket.</summary>
    public int Port { get; }

    /// <summary>Reads an endpoint.</summary>
    /// <param name="text"><c>unix:///path</c> or <c>tcp://host:port</c>.</param>
    /// <param name="tls">TLS for a <c>tcp://</c> endpoint, or null for plain HTTP.</param>
    /// <exception cref="EngineEndpointException">The text is no endpoint, or one of a kind that is not supported yet.</exception>
    public static EngineEndpoint Parse(string text, EngineTls? tls = null) =>
        TryParse(text, tls, out var endpoint, out var problem) ? endpoint : throw new EngineEndpointException(problem);

    /// <summary>Reads an endpoint without TLS; says in <paramref name="problem"/> what is wrong with it.</summary>
    /// <param name="text"><c>unix:///path</c> or <c>tcp://host:port</c>.</param>
    /// <param name="endpoint">The endpoint, or null.</param>
    /// <param name="problem">A sentence for whoever typed it, or null.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out EngineEndpoint? endpoint, [NotNullWhen(false)] out string? problem) =>
        TryParse(text, tls: null, out endpoint, out problem);

    /// <summary>Reads an endpoint; says in <paramref name="problem"/> what is wrong with it.</summary>
    /// <param name="text"><c>unix:///path</c> or <c>tcp://host:port</c>.</param>
    /// <param name="tls">TLS for a <c>tcp://</c> endpoint, or null for plain HTTP.</param>
    /// <param name="endpoint">The endpoint, or null.</param>
    /// <param name="problem">A sentence for whoever typed it, or null.</param>
    public static bool TryParse(string? text, EngineTls? tls, [NotNullWhen(true)] out EngineEndpoint? endpoint, [NotNullWhen(false)] out string? problem)
    {
        endpoint = null;
        var separator = text?.IndexOf("://", StringComparison.Ordinal) ?? -1;
        if (text is null || separator < 1)
        {
            problem = $"'{text}' is not a Docker endpoint: expected unix:///path or tcp://host:port.";
            return false;
        }

        var scheme = text[..separator];
        (endpoint, problem) = scheme switch
        {
            "unix" when tls is null => Unix(text, text[(separator + 3)..]),
            "unix" => (null, $"'{text}' is a unix socket: TLS does not apply to it."),
            "tcp" when tls is null => Tcp(text),
            "tcp" or "https" => (null, $"'{text}': a Docker endpoint over TLS is not supported yet."),
            "ssh" => (null, $"'{text}': a Docker endpoint over ssh is not supported yet."),
            _ => (null, $"'{text}': the scheme '{scheme}' is not known; expected unix:///path or tcp://host:port."),
        };
        return endpoint is not null;
    }

    /// <summary>The endpoint as it was given.</summary>
    public override string ToString() => Address;

    private static (EngineEndpoint? Endpoint, string? Problem) Unix(string text, string path) =>
        !path.StartsWith('/') || path.Length == 1 ? (null, $"'{text}': a unix socket needs an absolute path, as in unix:///var/run/docker.sock.")
        : Encoding.UTF8.GetByteCount(path) > LongestSocketPath ? (null, $"'{text}': the path of a unix socket is at most {LongestSocketPath} bytes long.")
        : (new EngineEndpoint(EngineTransport.Unix, text, path, 0), null);

    private static (EngineEndpoint? Endpoint, string? Problem) Tcp(string text) =>
        !Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.Port is < 1 or > 65535
            ? (null, $"'{text}': a TCP endpoint needs a host and a port, as in tcp://10.0.0.5:2375.")
        : uri.UserInfo.Length > 0 || uri.PathAndQuery is not ("" or "/") || uri.Fragment.Length > 0
            // The text may hold a password before the @: it is not repeated.
            ? (null, "A TCP endpoint is a host and a port only, as in tcp://10.0.0.5:2375: no user, no path, no query.")
        : (new EngineEndpoint(EngineTransport.Tcp, text, uri.IdnHost, uri.Port), null);
}
