namespace DeployHub.Worker.ConfigSync;

/// <summary>Absolute paths of a host, taken apart as text.</summary>
internal static class HostPath
{
    public static string Parent(string path) => path.LastIndexOf('/') is > 0 and var end ? path[..end] : "/";

    public static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    public static string Join(string folder, string name) => folder == "/" ? $"/{name}" : $"{folder}/{name}";

    public static string Trimmed(string folder) => folder.Length > 1 ? folder.TrimEnd('/') : folder;

    /// <summary>Absolute, and no part of it is empty, <c>.</c> or <c>..</c>.</summary>
    public static bool IsPlain(string path) =>
        path.Length > 1 && path[0] == '/' && !path.Contains('\0') && path[1..].Split('/').All(part => part is not ("" or "." or ".."));

    /// <summary>The folder of the list that holds the path, the deepest one; null when none does.</summary>
    public static string? Within(string path, IEnumerable<string> folders) => folders
        .Where(folder => folder == "/" || path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal))
        .MaxBy(folder => folder.Length);
}
