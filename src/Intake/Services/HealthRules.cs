using DeployHub.Domain.Services;

namespace DeployHub.Intake.Services;

/// <summary>What a gate, its probe and a container's own check may say.</summary>
public static class HealthRules
{
    public static IEnumerable<Refusal> Problems(HealthPolicy policy, string path)
    {
        var ranges = new (string Name, int? Value, int Least, int Most)[]
        {
            ("startPeriodSeconds", policy.StartPeriodSeconds, 0, 3600), ("intervalSeconds", policy.IntervalSeconds, 1, 300),
            ("retries", policy.Retries, 1, 100), ("minHealthySeconds", policy.MinHealthySeconds, 0, 3600),
            ("deadlineSeconds", policy.DeadlineSeconds, 1, 1500),
        };
        var problems = OutOfRange(ranges, path);
        return policy.Probe is null ? problems : problems.Concat(Problems(policy.Probe, $"{path}.probe"));
    }

    public static IEnumerable<Refusal> Problems(HealthCheckSpec? check, string path)
    {
        if (check is null)
        {
            yield break;
        }

        var fits = check.Test switch
        {
            ["NONE"] => true,
            ["CMD", _, ..] => true,
            ["CMD-SHELL", _] => true,
            _ => false,
        };
        if (!fits || check.Test.Contains(null!))
        {
            yield return Refusal.Invalid($"{path}.test", "must be [\"CMD\", …], [\"CMD-SHELL\", \"…\"] or [\"NONE\"].");
        }

        var ranges = new (string, int?, int, int)[]
        {
            ("intervalSeconds", check.IntervalSeconds, 1, 3600), ("timeoutSeconds", check.TimeoutSeconds, 1, 3600),
            ("retries", check.Retries, 1, 100), ("startPeriodSeconds", check.StartPeriodSeconds, 0, 3600),
        };
        foreach (var problem in OutOfRange(ranges, path))
        {
            yield return problem;
        }
    }

    private static IEnumerable<Refusal> Problems(ProbeSpec probe, string path)
    {
        if (probe.Type is not ("http" or "tcp"))
        {
            yield return Refusal.Invalid($"{path}.type", "must be «http» or «tcp».");
        }

        if (probe.Path is not null && (probe.Type != "http" || !probe.Path.StartsWith('/') || probe.Path.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))))
        {
            yield return Refusal.Invalid($"{path}.path", "must begin with «/», and goes with «http» alone.");
        }

        if (probe.Host is not null && Uri.CheckHostName(probe.Host) == UriHostNameType.Unknown)
        {
            yield return Refusal.Invalid($"{path}.host", "must be a host name or an IP address.");
        }

        foreach (var problem in OutOfRange([("port", probe.Port, 1, 65535), ("timeoutSeconds", probe.TimeoutSeconds, 1, 60)], path))
        {
            yield return problem;
        }
    }

    private static IEnumerable<Refusal> OutOfRange(IEnumerable<(string Name, int? Value, int Least, int Most)> ranges, string path) =>
        from range in ranges
        where range.Value is { } value && (value < range.Least || value > range.Most)
        select Refusal.Invalid($"{path}.{range.Name}", $"must be from {range.Least} to {range.Most}.");
}
