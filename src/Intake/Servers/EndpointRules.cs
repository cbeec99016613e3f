namespace DeployHub.Intake.Servers;

/// <summary>Where an engine may listen.</summary>
public static class EndpointRules
{
    private const string Accepted = "must be «unix:///path/to/docker.sock» or «tcp://host:port».";

    public static Refusal? Check(string endpoint, string field = "endpoint")
    {
        var end = endpoint.IndexOf("://", StringComparison.Ordinal);
        return (end < 0 ? "" : endpoint[..end]) switch
        {
            _ when endpoint.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) => Refusal.Invalid(field, Accepted),
            "unix" => CheckPath(endpoint[(end + 3)..], field),
            "tcp" => CheckHost(endpoint, field),
            "ssh" => Refusal.Invalid(field, "is an ssh:// address, which is not supported.", $"It {Accepted}"),
            "https" or "tls" => Refusal.Invalid(field, "is a TLS address, which is not supported.", $"It {Accepted}"),
            _ => Refusal.Invalid(field, Accepted),
        };
    }

    private static Refusal? CheckPath(string path, string field) =>
        path.Length > 1 && path.StartsWith('/') && !path.EndsWith('/') && path.IndexOfAny(['?', '#']) < 0
            ? null
            : Refusal.Invalid(field, "must name the socket by its absolute path, as in «unix:///var/run/docker.sock».");

    private static Refusal? CheckHost(string endpoint, string field)
    {
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address) || Uri.CheckHostName(address.Host) == UriHostNameType.Unknown)
        {
            return Refusal.Invalid(field, Accepted);
        }

        if (address.UserInfo.Length > 0)
        {
            return Refusal.Invalid(field, "must not hold a user or password.");
        }

        if (address.AbsolutePath is not ("" or "/") || address.Query.Length > 0 || address.Fragment.Length > 0)
        {
            return Refusal.Invalid(field, "must end after the port.");
        }

        return address.Port is >= 1 and <= 65535 ? null : Refusal.Invalid(field, "must name the port, as in «tcp://10.0.0.5:2375».");
    }
}
