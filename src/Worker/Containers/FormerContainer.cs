using System.Text.Json.Nodes;

namespace DeployHub.Worker.Containers;

/// <summary>Makes a container again that was removed, from the inspection that was kept of it.</summary>
public static class FormerContainer
{
    // The merged result is sent; these would only repeat what the image says about builds and Windows.
    private static readonly string[] OfTheImageAlone = ["OnBuild", "ArgsEscaped"];

    /// <summary>How to make it: with all its settings, those included that came from its image.</summary>
    /// <param name="inspection">The kept inspection.</param>
    /// <param name="image">The same image, by digest or id.</param>
    /// <param name="labels">Added; the container's own <c>deployhub.*</c> are left out.</param>
    public static ContainerPlan Plan(JsonObject inspection, string image, IReadOnlyDictionary<string, string> labels)
    {
        ArgumentNullException.ThrowIfNull(inspection);
        var settings = inspection.Section("Config").Where(pair => !OfTheImageAlone.Contains(pair.Key)).ToJson();
        if (settings["Entrypoint"].IsEmpty())
        {
            settings["Entrypoint"] = ChosenSettings.NoEntrypoint();
        }

        return CarriedContainer.Plan(inspection, settings, image, labels);
    }
}
