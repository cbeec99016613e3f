using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>An image that an engine holds (Engine API, <c>GET /images/{name}/json</c>).</summary>
/// <param name="Id">The id of its configuration, <c>sha256:…</c>: not the manifest's digest.</param>
/// <param name="RepoTags">The names that point at it, as in <c>registry/app:v1</c>.</param>
/// <param name="RepoDigests">The manifests by which it was pulled or pushed, as in <c>registry/app@sha256:…</c>. Empty for an image that never met a registry.</param>
/// <param name="Config">The defaults that it gives to containers (ContainerConfig).</param>
public sealed record ImageInspection(string Id, IReadOnlyList<string> RepoTags, IReadOnlyList<string> RepoDigests, JsonObject Config)
{
    /// <summary>The default arguments; empty when it has none.</summary>
    public IReadOnlyList<string> Cmd => Config.Texts("Cmd");

    /// <summary>The program; empty when it has none.</summary>
    public IReadOnlyList<string> Entrypoint => Config.Texts("Entrypoint");

    /// <summary>Whether it brings a health check (one of <c>NONE</c> is none).</summary>
    public bool HasHealthcheck => Config["Healthcheck"].Texts("Test") is [not "NONE", ..];

    internal static ImageInspection From(JsonNode json) =>
        new(json.Text("Id"), json.Texts("RepoTags"), json.Texts("RepoDigests"), json.At("Config")?.DeepClone() as JsonObject ?? []);
}
