using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using DeployHub.Docker;

namespace DeployHub.Worker.Containers;

/// <summary>A port of the host that a container listens on.</summary>
/// <param name="Ip">The host's address; empty for all of them, IPv4 and IPv6.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
public sealed record PublishedPort(string Ip, int Port, string Protocol);

/// <summary>Finds out before a container is started whether its host ports are free: the engine itself says so at the start, when the old container has been stopped.</summary>
public static class PublishedPorts
{
    /// <summary>The host ports that are asked for by number. A port that the engine may pick (none, or a range) can collide with nothing.</summary>
    /// <param name="body">Of a <see cref="ContainerPlan"/>.</param>
    public static IReadOnlyList<PublishedPort> Of(JsonObject body)
    {
        ArgumentNullException.ThrowIfNull(body);
        var host = body.Section("HostConfig");
        // Published ports are discarded in these modes: the container has the host's network itself, another's or none.
        return NetworkModes.HasOwnNetworks(host.Text("NetworkMode"))
            ? [.. host.Section("PortBindings").SelectMany(port => Bindings(port.Key, port.Value as JsonArray ?? []))]
            : [];
    }

    /// <summary>Whether a container that runs listens where <paramref name="wanted"/> is to listen.</summary>
    /// <param name="wanted">The port of the container to be started.</param>
    /// <param name="running">Another container, from the list of those that run.</param>
    public static bool Collides(PublishedPort wanted, ContainerSummary running)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(running);
        return running.Ports.Any(port => port.PublicPort == wanted.Port && port.Type == wanted.Protocol && Overlap(wanted.Ip, port.Ip ?? ""));
    }

    // The key is "8080/tcp"; the protocol may be left out.
    private static IEnumerable<PublishedPort> Bindings(string key, JsonArray bindings) =>
        from binding in bindings.OfType<JsonObject>()
        let port = int.TryParse(binding.Text("HostPort"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0
        where port != 0
        select new PublishedPort(binding.Text("HostIp"), port, key.Split('/') is [_, var protocol] ? protocol : "tcp");

    private static bool Overlap(string one, string other)
    {
        if (!IPAddress.TryParse(one, out var first) || !IPAddress.TryParse(other, out var second))
        {
            // An empty address is every address.
            return true;
        }

        // The engine listens for each family apart: 0.0.0.0 leaves [::] free.
        return first.AddressFamily == second.AddressFamily && (first.Equals(second) || IsAny(first) || IsAny(second));
    }

    private static bool IsAny(IPAddress address) => address.Equals(address.AddressFamily is AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any);
}
