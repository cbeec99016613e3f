namespace DeployHub.Api.OpenApi;

/// <summary>What the ids in a path are ids of: of the noun that stands before them.</summary>
internal static class PathIds
{
    public static string Describe(string path, string parameter)
    {
        var parts = path.Split('/');
        var before = Array.FindIndex(parts, part => part.StartsWith($"{{{parameter}", StringComparison.Ordinal)) - 1;
        return before < 0 ? "An id." : $"The id of the {Singular(parts[before])}.";
    }

    private static string Singular(string noun) => noun switch
    {
        "registries" => "registry",
        "vars" => "variable",
        "restore" => "version",
        _ => noun.TrimEnd('s').Replace('-', ' '),
    };
}
