using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>Something happened on an engine (Engine API, <c>GET /events</c>).</summary>
/// <param name="Type"><c>container</c>, <c>image</c>, <c>network</c>, <c>volume</c>, …</param>
/// <param name="Action">As in <c>start</c>, <c>die</c>, <c>health_status: healthy</c>.</param>
/// <param name="ActorId">The id of what it happened to.</param>
/// <param name="Attributes">What the engine says of it: name, image, labels, and with <c>die</c> the <c>exitCode</c>.</param>
/// <param name="Time">By the engine's clock, to 100 ns.</param>
public sealed record EngineEvent(string Type, string Action, string ActorId, IReadOnlyDictionary<string, string> Attributes, DateTimeOffset Time)
{
    internal static EngineEvent From(JsonObject json) => new(
        json.Text("Type"), json.Text("Action"), json["Actor"].Text("ID"), json["Actor"].Map("Attributes"), DateTimeOffset.UnixEpoch.AddTicks(json.Number("timeNano") / 100));
}
