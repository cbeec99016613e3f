using System.Text.Json.Nodes;
using DeployHub.EngineSimulator.Containers;

namespace DeployHub.EngineSimulator.Images;

/// <summary>An image that an engine holds.</summary>
/// <param name="Id">The digest of its configuration.</param>
/// <param name="Config">What it gives to containers.</param>
/// <param name="Files">Empty for one that was pulled: layers are not fetched.</param>
internal sealed record Image(string Id, JsonObject Config, IReadOnlyDictionary<string, FileEntry> Files)
{
    /// <summary>As in <c>registry/app:v1</c>.</summary>
    public HashSet<string> Tags { get; } = [];

    /// <summary>As in <c>registry/app@sha256:…</c>.</summary>
    public HashSet<string> Digests { get; } = [];

    public JsonObject Inspection() => new()
    {
        ["Id"] = Id, ["RepoTags"] = Container.Array([.. Tags]), ["RepoDigests"] = Container.Array([.. Digests]), ["Os"] = "linux", ["Architecture"] = "amd64", ["Config"] = Config.DeepClone(),
    };
}
