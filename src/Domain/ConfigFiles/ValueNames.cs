using System.Text.RegularExpressions;

namespace DeployHub.Domain.ConfigFiles;

/// <summary>The names that stand in <c>${…}</c>.</summary>
public static partial class ValueNames
{
    public const int Longest = 128;

    public const string Service = "SERVICE_NAME";
    public const string Server = "SERVER_NAME";
    public const string Environment = "ENVIRONMENT_NAME";
    public const string Container = "CONTAINER_NAME";

    /// <summary>Every target has these; nobody can set them.</summary>
    public static readonly IReadOnlyList<string> BuiltIn = [Service, Server, Environment, Container];

    public static bool IsName(string text) => text.Length <= Longest && Name().IsMatch(text);

    /// <summary>The environment's values with the built-in ones of one target over them.</summary>
    public static Dictionary<string, string> ForTarget(
        IReadOnlyDictionary<string, string> values, string environment, string service, string server, string container) => new(values, StringComparer.Ordinal)
        {
            [Environment] = environment, [Service] = service, [Server] = server, [Container] = container,
        };

    [GeneratedRegex(@"^[A-Z_a-z][A-Z_a-z0-9]*\z")]
    private static partial Regex Name();
}
