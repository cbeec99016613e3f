using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>A network (Engine API, Network).</summary>
/// <param name="Id">64 hexadecimal digits.</param>
/// <param name="Name">Its name. Engines do not make sure that it is the only one of that name.</param>
/// <param name="Driver">As in <c>bridge</c>.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Raw">The whole inspection. A list leaves out the containers.</param>
public sealed record NetworkInspection(string Id, string Name, string Driver, IReadOnlyDictionary<string, string> Labels, JsonObject Raw)
{
    internal static NetworkInspection From(JsonObject json) => new(json.Text("Id"), json.Text("Name"), json.Text("Driver"), json.Map("Labels"), json);
}
