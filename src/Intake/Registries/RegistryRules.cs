using DeployHub.Intake.Images;

namespace DeployHub.Intake.Registries;

/// <summary>How a registry is named and what credentials it may have.</summary>
public static class RegistryRules
{
    private const string Https = "https://";
    private const int LongestCredential = 8192;

    /// <summary>Host and port alone; call it on what <see cref="CheckUrl"/> let through.</summary>
    public static string HostOf(string url) => (url.StartsWith(Https, StringComparison.OrdinalIgnoreCase) ? url[Https.Length..] : url).TrimEnd('/');

    public static Refusal? CheckUrl(string url, string field = "registryUrl")
    {
        if (url.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            return Refusal.Invalid(field, "must not begin with «http://».", "Give host and port alone. Whether plain HTTP is allowed is a setting of each engine: insecure-registries.");
        }

        var host = HostOf(url);
        if (host.Contains('/', StringComparison.Ordinal))
        {
            return Refusal.Invalid(field, "must not hold a path.", "Give host and port alone, as in «registry.example.com:5000»; the path belongs to the imageName.");
        }

        return ImageRules.IsHost(host) ? null : Refusal.Invalid(field, "must be a host, or host and port, as in «registry.example.com:5000».");
    }

    public static Refusal? CheckCredentials(string? username, bool hasPassword) => username switch
    {
        null when hasPassword => Refusal.Invalid("username", "is needed with a password."),
        not null when !hasPassword => Refusal.Invalid("password", "is needed with a username."),
        "" => Refusal.Invalid("username", "must not be empty."),
        { Length: > LongestCredential } => Refusal.Invalid("username", "is too long."),
        not null when username.Contains(':', StringComparison.Ordinal) || username.Any(char.IsControl) =>
            Refusal.Invalid("username", "must not hold «:» or control characters."),
        _ => null,
    };
}
