using System.Text.Json.Nodes;

namespace DeployHub.Docker;

public sealed partial class EngineClient
{
    /// <summary>A network, or null (Engine API, <c>GET /networks/{id}</c>).</summary>
    /// <param name="idOrName">Its id or name.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<NetworkInspection?> FindNetwork(string idOrName, CancellationToken ct = default) =>
        Find(EngineCall.Get($"/networks/{EngineCall.Part(idOrName)}", $"inspect network {idOrName}"), Network, ct);

    /// <summary>Networks, without their containers (Engine API, <c>GET /networks</c>).</summary>
    /// <param name="filters">As in <c>label</c>: <c>["app=shop"]</c>; null for all.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<IReadOnlyList<NetworkInspection>> ListNetworks(IReadOnlyDictionary<string, string[]>? filters = null, CancellationToken ct = default) =>
        List(EngineCall.Get($"/networks?filters={EngineCall.Filters(filters)}", "list networks"), Network, ct);

    /// <summary>Creates a network whose name is not in use (Engine API, <c>POST /networks/create</c>).</summary>
    /// <param name="name">Its name.</param>
    /// <param name="body">Driver, labels, IPAM and so on; null for a plain bridge.</param>
    /// <param name="ct">Ends the request.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="EngineConflictException">The name is in use.</exception>
    public Task<string> CreateNetwork(string name, JsonObject? body = null, CancellationToken ct = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var full = body?.DeepClone().AsObject() ?? [];
        full["Name"] = name;
        full["CheckDuplicate"] = true;
        return Get(EngineCall.Post("/networks/create", $"create network {name}", full), Id, ct);
    }

    /// <summary>Removes a network (Engine API, <c>DELETE /networks/{id}</c>).</summary>
    /// <param name="idOrName">Its id or name.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such network.</exception>
    /// <exception cref="EngineBadRequestException">A container is attached to it, or it is one of the engine's own (403).</exception>
    public Task RemoveNetwork(string idOrName, CancellationToken ct = default) =>
        Send(EngineCall.Delete($"/networks/{EngineCall.Part(idOrName)}", $"remove network {idOrName}"), ct);

    /// <summary>Attaches a container to a network (Engine API, <c>POST /networks/{id}/connect</c>).</summary>
    /// <param name="network">The network's id or name.</param>
    /// <param name="containerId">The container's id.</param>
    /// <param name="endpointConfig">EndpointSettings: aliases, addresses; null for the defaults.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such network or container.</exception>
    public Task ConnectNetwork(string network, string containerId, JsonObject? endpointConfig = null, CancellationToken ct = default)
    {
        var body = new JsonObject { ["Container"] = containerId };
        if (endpointConfig is not null)
        {
            body["EndpointConfig"] = endpointConfig.DeepClone();
        }

        return Send(EngineCall.Post($"/networks/{EngineCall.Part(network)}/connect", $"connect container {containerId} to network {network}", body), ct);
    }

    /// <summary>Detaches a container from a network (Engine API, <c>POST /networks/{id}/disconnect</c>).</summary>
    /// <param name="network">The network's id or name.</param>
    /// <param name="containerId">The container's id.</param>
    /// <param name="force">Also when the container is gone or does not answer.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such network or container.</exception>
    public Task DisconnectNetwork(string network, string containerId, bool force = false, CancellationToken ct = default) => Send(
        EngineCall.Post(
            $"/networks/{EngineCall.Part(network)}/disconnect", $"disconnect container {containerId} from network {network}", new JsonObject { ["Container"] = containerId, ["Force"] = force }),
        ct);

    /// <summary>Removes a volume and what it holds (Engine API, <c>DELETE /volumes/{name}</c>).</summary>
    /// <param name="name">Its name.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such volume.</exception>
    /// <exception cref="EngineConflictException">A container uses it.</exception>
    public Task RemoveVolume(string name, CancellationToken ct = default) => Send(EngineCall.Delete($"/volumes/{EngineCall.Part(name)}", $"remove volume {name}"), ct);

    private static NetworkInspection Network(JsonNode json) => NetworkInspection.From(json.AsObject());
}
