using System.Text.RegularExpressions;

namespace DeployHub.Intake.Images;

/// <summary>The grammar of image names, tags and digests (source: github.com/distribution/reference).</summary>
public static partial class ImageRules
{
    private const int LongestName = 255;

    public static bool IsTag(string text) => Tag().IsMatch(text);

    public static bool IsDigest(string text) => Digest().IsMatch(text);

    public static Refusal BadTag(string field, string tag) => Refusal.Invalid(
        field,
        tag.Length == 0
            ? "must not be empty."
            : "must be a tag: 1 to 128 letters, digits, «_», «.» or «-», not beginning with «.» or «-».",
        tag.Contains('/') || tag.Contains(':') ? "Give the tag alone, without the image's name; for a digest use the field for digests." : null);

    /// <summary>A repository: registry host, port and path, without tag or digest.</summary>
    public static Refusal? CheckName(string name, string field)
    {
        if (name.Contains('@', StringComparison.Ordinal))
        {
            return Refusal.Invalid(field, "must not hold a digest.", "Give the repository alone; the digest goes into the deploy request.");
        }

        var path = PathOf(name);
        if (path.Contains(':', StringComparison.Ordinal))
        {
            return Refusal.Invalid(field, "must not hold a tag.", "Give the repository alone; the tag goes into the deploy request.");
        }

        if (path.Any(char.IsAsciiLetterUpper))
        {
            return Refusal.Invalid(field, "must be in lower case.");
        }

        var host = path.Length == name.Length ? null : name[..^(path.Length + 1)];
        return name.Length <= LongestName && Path().IsMatch(path) && (host is null || IsHost(host))
            ? null
            : Refusal.Invalid(field, "must be a repository, as in «registry.example.com:5000/shop/api».");
    }

    /// <summary>A registry as it stands in image names: host, or host and port.</summary>
    public static bool IsHost(string host) => Host().Match(host) is { Success: true } match
        && (!match.Groups["port"].Success || (int.TryParse(match.Groups["port"].Value, out var port) && port is >= 1 and <= 65535));

    /// <summary>The registry that an image name leads to.</summary>
    public static string RegistryOf(string name)
    {
        var path = PathOf(name);
        return path.Length == name.Length ? "docker.io" : name[..^(path.Length + 1)];
    }

    /// <summary>Docker Hub goes by several hosts.</summary>
    public static bool SameRegistry(string one, string other) =>
        string.Equals(Canonical(one), Canonical(other), StringComparison.OrdinalIgnoreCase);

    private static string Canonical(string host) => host is "index.docker.io" or "registry-1.docker.io" ? "docker.io" : host;

    // The first part is a host when it could not be a part of the path: it has a dot or a port, or is localhost.
    private static string PathOf(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : name[..slash];
        return first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal) || first == "localhost"
            ? name[(slash + 1)..]
            : name;
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex Tag();

    [GeneratedRegex(@"^sha256:[0-9a-f]{64}\z")]
    private static partial Regex Digest();

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\z", RegexOptions.NonBacktracking)]
    private static partial Regex Path();

    [GeneratedRegex(@"^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::(?<port>[0-9]{1,5}))?\z")]
    private static partial Regex Host();
}
