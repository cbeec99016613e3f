using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>One line of a pull's progress (Engine API, <c>POST /images/create</c>).</summary>
/// <param name="Status">What the engine does, as in <c>Downloading</c>.</param>
/// <param name="Layer">The short id of the layer that it speaks of, or null.</param>
/// <param name="Current">Bytes done, or null.</param>
/// <param name="Total">Bytes in all, or null when unknown.</param>
public sealed record PullProgress(string Status, string? Layer, long? Current, long? Total)
{
    internal static PullProgress From(JsonObject line) =>
        new(line.Text("status"), line["id"]?.GetValue<string>(), line["progressDetail"]?["current"]?.GetValue<long>(), line["progressDetail"]?["total"]?.GetValue<long>());
}
