using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Docker;

namespace DeployHub.Worker.Engines;

/// <summary>What stood under the service's name before, as it is recorded in the step's row before the first change.</summary>
/// <param name="ContainerId">The container; null when there was none.</param>
/// <param name="Digest">The manifest digest that it ran; its image's id when that has none.</param>
/// <param name="ImageId">Its image's id.</param>
/// <param name="RestartPolicy">See <see cref="PolicyText"/>.</param>
/// <param name="WasRunning">It ran, and so must run again after a rollback.</param>
/// <param name="Inspection">Its whole inspection, encrypted.</param>
public sealed record FormerState(string? ContainerId, string? Digest, string? ImageId, string? RestartPolicy, bool WasRunning, byte[]? Inspection)
{
    public static FormerState Nothing { get; } = new(null, null, null, null, false, null);

    /// <summary>A policy as text: its name, or <c>on-failure:3</c>.</summary>
    public static string PolicyText(RestartPolicy policy) =>
        policy.MaximumRetryCount > 0 ? $"{policy.Name}:{policy.MaximumRetryCount}" : policy.Name is "" ? "no" : policy.Name;

    public static RestartPolicy Policy(string text) => text.Split(':') is [var name, var count]
        ? new RestartPolicy(name, int.Parse(count, CultureInfo.InvariantCulture))
        : new RestartPolicy(text);
}

/// <summary>The container that a step has to be able to bring back.</summary>
/// <param name="Container">As it stands now; null when there is none.</param>
/// <param name="Inspection">Its settings as they are to be again.</param>
/// <param name="State">What is recorded of it.</param>
public sealed record Former(ContainerInspection? Container, JsonObject? Inspection, FormerState State)
{
    public static Former Nothing { get; } = new(null, null, FormerState.Nothing);
}
