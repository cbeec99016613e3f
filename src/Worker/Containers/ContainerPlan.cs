using System.Text.Json.Nodes;

namespace DeployHub.Worker.Containers;

/// <summary>How a container is to be made: created from <paramref name="Body"/>, then connected to <paramref name="FurtherNetworks"/>, then started.</summary>
/// <param name="Body">What <c>POST /containers/create</c> is given.</param>
/// <param name="FurtherNetworks">To connect between creation and start: API 1.41 takes one endpoint at creation.</param>
public sealed record ContainerPlan(JsonObject Body, IReadOnlyList<NetworkAttachment> FurtherNetworks);

/// <summary>A network that a container belongs to.</summary>
/// <param name="Network">Its name.</param>
/// <param name="EndpointConfig">EndpointSettings as they are asked for: static addresses, aliases, links, driver options.</param>
public sealed record NetworkAttachment(string Network, JsonObject EndpointConfig);
