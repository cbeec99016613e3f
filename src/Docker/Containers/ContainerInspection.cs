using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>When an engine starts a container again by itself (Engine API, HostConfig.RestartPolicy).</summary>
/// <param name="Name"><c>no</c>, <c>always</c>, <c>unless-stopped</c> or <c>on-failure</c>; an empty name means <c>no</c>.</param>
/// <param name="MaximumRetryCount">With <c>on-failure</c>: how often; 0 for without end.</param>
public sealed record RestartPolicy(string Name, int MaximumRetryCount = 0);

/// <summary>One run of a health check.</summary>
/// <param name="ExitCode">0 healthy, 1 unhealthy, -1 timed out.</param>
/// <param name="Output">What it printed, cut by the engine at 4096 bytes.</param>
public sealed record HealthProbe(int ExitCode, string Output);

/// <summary>What the health check says. The engine never stops a container for it.</summary>
/// <param name="Status"><c>starting</c>, <c>healthy</c>, <c>unhealthy</c> or <c>none</c>.</param>
/// <param name="FailingStreak">Failures in a row.</param>
/// <param name="Log">The last runs, at most five, oldest first.</param>
public sealed record ContainerHealth(string Status, int FailingStreak, IReadOnlyList<HealthProbe> Log);

/// <summary>What a container is doing. <paramref name="Running"/> once is no proof: a crash loop shows it between its restarts.</summary>
/// <param name="Status"><c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</param>
/// <param name="Running">Its process runs; true as well while it is paused or waits to be restarted.</param>
/// <param name="Restarting">It ended and waits to be started again.</param>
/// <param name="Paused">It is frozen.</param>
/// <param name="OomKilled">The kernel ended it for want of memory.</param>
/// <param name="ExitCode">Of its last end; 0 while it runs.</param>
/// <param name="Error">Why its last start failed; empty otherwise.</param>
/// <param name="StartedAt">Its last start, or null when it never was started.</param>
/// <param name="FinishedAt">Its last end, or null when there was none. For one that ended at once it may lie before <paramref name="StartedAt"/>: containerd's clock reading and dockerd's own.</param>
/// <param name="Health">The health check's word, or null when it has none.</param>
public sealed record ContainerState(
    string Status, bool Running, bool Restarting, bool Paused, bool OomKilled, int ExitCode, string Error, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, ContainerHealth? Health)
{
    /// <summary>Its removal was begun and not ended, as when its engine was killed over it. It can be removed, and nothing else.</summary>
    public bool IsDead => Status == "dead";
}

/// <summary>A container (Engine API, <c>GET /containers/{id}/json</c>).</summary>
/// <param name="Id">64 hexadecimal digits.</param>
/// <param name="Name">Without the leading slash.</param>
/// <param name="Image">The id of its image, <c>sha256:…</c>.</param>
/// <param name="Created">When it was created.</param>
/// <param name="RestartCount">How often the engine restarted it by its policy since the last start by hand.</param>
/// <param name="State">What it is doing.</param>
/// <param name="RestartPolicy">When the engine starts it again.</param>
/// <param name="Labels">Its labels, those of its image included.</param>
/// <param name="Raw">The whole inspection.</param>
public sealed record ContainerInspection(
    string Id, string Name, string Image, DateTimeOffset Created, int RestartCount, ContainerState State, RestartPolicy RestartPolicy, IReadOnlyDictionary<string, string> Labels, JsonObject Raw)
{
    /// <summary>Whether its output comes from a terminal: raw, and not in frames.</summary>
    public bool HasTerminal => Raw.At("Config").Flag("Tty");

    internal static ContainerInspection From(JsonObject json) => new(
        json.Text("Id"), json.Text("Name").TrimStart('/'), json.Text("Image"), Json.Moment(json.Text("Created")), (int)json.Number("RestartCount"), StateFrom(json.At("State")),
        new RestartPolicy(json.At("HostConfig").At("RestartPolicy").Text("Name"), (int)json.At("HostConfig").At("RestartPolicy").Number("MaximumRetryCount")),
        json.At("Config").Map("Labels"), json);

    private static ContainerState StateFrom(JsonNode? json) => new(
        json.Text("Status"), json.Flag("Running"), json.Flag("Restarting"), json.Flag("Paused"), json.Flag("OOMKilled"), (int)json.Number("ExitCode"), json.Text("Error"),
        json.Time("StartedAt"), json.Time("FinishedAt"), HealthFrom(json.At("Health")));

    private static ContainerHealth? HealthFrom(JsonNode? json) => json is null ? null : new(
        json.Text("Status"), (int)json.Number("FailingStreak"), [.. json.Items("Log").Select(probe => new HealthProbe((int)probe.Number("ExitCode"), probe.Text("Output")))]);
}
