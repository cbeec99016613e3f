using System.Text.Json.Nodes;

namespace DeployHub.Docker;

public sealed partial class EngineClient
{
    /// <summary>Creates a container, without starting it (Engine API, <c>POST /containers/create</c>).</summary>
    /// <param name="name">Its name.</param>
    /// <param name="body">ContainerConfig with HostConfig and NetworkingConfig, as the Engine API describes it.</param>
    /// <param name="ct">Ends the request.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="ImageNotFoundException">The engine does not hold the image.</exception>
    /// <exception cref="EngineConflictException">The name is in use.</exception>
    /// <exception cref="EngineBadRequestException">The body is wrong, or the source of a mount is missing.</exception>
    public Task<string> CreateContainer(string name, JsonObject body, CancellationToken ct = default) => Get(
        EngineCall.Post($"/containers/create?name={EngineCall.Part(name)}", $"create container {name}", body ?? throw new ArgumentNullException(nameof(body))), Id, ct);

    /// <summary>A container, or null (Engine API, <c>GET /containers/{id}/json</c>).</summary>
    /// <param name="idOrName">Its id or name.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<ContainerInspection?> FindContainer(string idOrName, CancellationToken ct = default) => Find(InspectContainer(idOrName), Inspection, ct);

    /// <summary>A container (Engine API, <c>GET /containers/{id}/json</c>).</summary>
    /// <param name="idOrName">Its id or name.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    public Task<ContainerInspection> GetContainer(string idOrName, CancellationToken ct = default) => Get(InspectContainer(idOrName), Inspection, ct);

    /// <summary>Containers (Engine API, <c>GET /containers/json</c>).</summary>
    /// <param name="filters">As in <c>label</c>: <c>["deploy.plan=7"]</c>; null for none.</param>
    /// <param name="all">Also those that do not run.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<IReadOnlyList<ContainerSummary>> ListContainers(IReadOnlyDictionary<string, string[]>? filters, bool all, CancellationToken ct = default) =>
        List(EngineCall.Get($"/containers/json?all={Flag(all)}&filters={EngineCall.Filters(filters)}", "list containers"), ContainerSummary.From, ct);

    /// <summary>Gives a container another name (Engine API, <c>POST /containers/{id}/rename</c>).</summary>
    /// <param name="id">Its id.</param>
    /// <param name="newName">The name.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    /// <exception cref="EngineConflictException">Another container has the name.</exception>
    /// <exception cref="EngineBadRequestException">It has this very name already.</exception>
    public Task RenameContainer(string id, string newName, CancellationToken ct = default) =>
        Send(Container(id, $"rename?name={EngineCall.Part(newName)}", $"rename container {id} to {newName}"), ct);

    /// <summary>Removes a container (Engine API, <c>DELETE /containers/{id}</c>).</summary>
    /// <param name="id">Its id.</param>
    /// <param name="force">Kill it first when it runs.</param>
    /// <param name="removeVolumes">Destroy its anonymous volumes too.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    /// <exception cref="EngineConflictException">It runs, or is being removed already.</exception>
    public Task RemoveContainer(string id, bool force = false, bool removeVolumes = false, CancellationToken ct = default) =>
        Send(EngineCall.Delete($"/containers/{EngineCall.Part(id)}?force={Flag(force)}&v={Flag(removeVolumes)}", $"remove container {id}"), ct);

    /// <summary>Changes when the engine starts a container again (Engine API, <c>POST /containers/{id}/update</c>).</summary>
    /// <param name="id">Its id.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="ct">Ends the request.</param>
    /// <exception cref="EngineNotFoundException">There is no such container.</exception>
    public Task UpdateRestartPolicy(string id, RestartPolicy policy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var body = new JsonObject { ["RestartPolicy"] = new JsonObject { ["Name"] = policy.Name.Length == 0 ? "no" : policy.Name, ["MaximumRetryCount"] = policy.MaximumRetryCount } };
        return Send(Container(id, "update", $"set the restart policy of container {id} to {policy.Name}", body), ct);
    }

    private static EngineCall InspectContainer(string idOrName) => EngineCall.Get($"/containers/{EngineCall.Part(idOrName)}/json", $"inspect container {idOrName}");

    private static EngineCall Container(string id, string verb, string what, JsonObject? body = null) => EngineCall.Post($"/containers/{EngineCall.Part(id)}/{verb}", what, body);

    private static ContainerInspection Inspection(JsonNode json) => ContainerInspection.From(json.AsObject());

    private static string Id(JsonNode json) => json.Text("Id") is { Length: > 0 } id ? id : throw new FormatException("it holds no id");
}
