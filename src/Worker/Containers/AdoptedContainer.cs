using System.Text.Json.Nodes;

namespace DeployHub.Worker.Containers;

/// <summary>Makes a container like one that runs, from another image.</summary>
public static class AdoptedContainer
{
    /// <summary>How to make it: every setting that somebody chose stays; what merely came from the old image is left out, so that the new image's own takes effect.</summary>
    /// <param name="inspection">Of the container that runs (<c>GET /containers/{id}/json</c>), taken before its restart policy was changed.</param>
    /// <param name="oldImageConfig">The Config of the very image that it was made from.</param>
    /// <param name="image">The new image, by digest or id.</param>
    /// <param name="labels">Added; the container's own <c>deployhub.*</c> are left out.</param>
    public static ContainerPlan Plan(JsonObject inspection, JsonObject oldImageConfig, string image, IReadOnlyDictionary<string, string> labels)
    {
        ArgumentNullException.ThrowIfNull(inspection);
        ArgumentNullException.ThrowIfNull(oldImageConfig);
        return CarriedContainer.Plan(inspection, ChosenSettings.Of(inspection.Section("Config"), oldImageConfig), image, labels);
    }

    /// <summary>Why it cannot be replaced by one from another image, as a sentence; null when it can.</summary>
    /// <param name="inspection">Of the container.</param>
    public static string? Obstacle(JsonObject inspection)
    {
        ArgumentNullException.ThrowIfNull(inspection);
        var name = inspection.Text("Name").TrimStart('/');
        var status = inspection.Section("State").Text("Status");
        return inspection.Section("HostConfig").Flag("AutoRemove")
                ? $"Container {name} was started with --rm: it is gone the moment it stops, and no rollback could bring it back. Start it without --rm."
            : inspection.Section("Config").Section("Labels").ContainsKey("com.docker.swarm.task.id")
                ? $"Container {name} is a task of a Swarm service: Swarm itself replaces it. Update the service instead."
            : status is "removing" or "dead" ? $"Container {name} is being removed (its status is {status})."
            : null;
    }
}
