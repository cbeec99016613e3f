using Microsoft.OpenApi;

namespace DeployHub.Api.OpenApi;

/// <summary>The groups that operations come in, and what is said of each.</summary>
internal static class Tags
{
    private static readonly Dictionary<string, string> Descriptions = new()
    {
        ["Administration"] = "Who may call, what was done, and what could not be handled.",
        ["Config files"] = "Files that hosts are to hold, their versions, and where they go.",
        ["Config sync"] = "Bringing config files to their hosts, and comparing what hosts hold.",
        ["Container images"] = "Repositories, and the digests that are known of them.",
        ["Deployment plans"] = "Deploying an image to all services linked to it, and what became of it.",
        ["Environments"] = "What holds everything else.",
        ["Health"] = "Whether this server lives, and what it reaches.",
        ["Registries"] = "Credentials for registries that want some.",
        ["Servers"] = "Docker Engines.",
        ["Services"] = "How containers are made, and on which servers they run.",
        ["Streams"] = "Following plans, batches and events as they happen.",
        ["Values"] = "Variables and secrets that config files name.",
    };

    /// <summary>Those that operations name, by name; one without a description here stands with its name alone.</summary>
    public static HashSet<OpenApiTag> Of(OpenApiDocument document) => document.Paths
        .SelectMany(path => path.Value.Operations?.Values.ToList() ?? []).SelectMany(operation => operation.Tags ?? new HashSet<OpenApiTagReference>())
        .Select(tag => tag.Reference.Id ?? "").Distinct().Order(StringComparer.Ordinal)
        .Select(name => new OpenApiTag { Name = name, Description = Descriptions.GetValueOrDefault(name, name + ".") }).ToHashSet();
}
