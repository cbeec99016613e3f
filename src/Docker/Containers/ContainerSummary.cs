using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>A port of a container, and where it is published.</summary>
/// <param name="Ip">The host's address, or null when it is not published.</param>
/// <param name="PrivatePort">Inside the container.</param>
/// <param name="PublicPort">On the host, or null when it is not published.</param>
/// <param name="Type"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
public sealed record ContainerPort(string? Ip, int PrivatePort, int? PublicPort, string Type);

/// <summary>A container as a list shows it (Engine API, <c>GET /containers/json</c>).</summary>
/// <param name="Id">64 hexadecimal digits.</param>
/// <param name="Names">Its names, without leading slashes.</param>
/// <param name="Image">The image's name at its creation, or its id when that name has moved on.</param>
/// <param name="ImageId">The image's id, <c>sha256:…</c>.</param>
/// <param name="State"><c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</param>
/// <param name="Labels">Its labels, those of its image included.</param>
/// <param name="Ports">Its ports; published ones only while it runs.</param>
public sealed record ContainerSummary(
    string Id, IReadOnlyList<string> Names, string Image, string ImageId, string State, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<ContainerPort> Ports)
{
    internal static ContainerSummary From(JsonNode json) => new(
        json.Text("Id"), [.. json.Texts("Names").Select(name => name.TrimStart('/'))], json.Text("Image"), json.Text("ImageID"), json.Text("State"), json.Map("Labels"),
        [.. json.Items("Ports").Select(port => new ContainerPort(
            port["IP"]?.GetValue<string>(), (int)port.Number("PrivatePort"), (int?)port["PublicPort"]?.GetValue<long>(), port.Text("Type")))]);
}
