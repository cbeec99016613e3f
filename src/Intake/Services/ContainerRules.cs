using System.Text.RegularExpressions;
using DeployHub.Domain.Services;

namespace DeployHub.Intake.Services;

/// <summary>What a declared container may say; the fields are named by their paths.</summary>
public static partial class ContainerRules
{
    private static readonly string[] RestartPolicies = ["no", "always", "unless-stopped", "on-failure"];

    public static IEnumerable<Refusal> Problems(ContainerSpec spec, string path) =>
        Environment(spec.Env, $"{path}.env")
            .Concat(OutsideRules.Ports(spec.Ports ?? [], $"{path}.ports"))
            .Concat(OutsideRules.Volumes(spec.Volumes ?? [], $"{path}.volumes"))
            .Concat(OutsideRules.Networks(spec.Networks ?? [], $"{path}.networks"))
            .Concat(Words(spec.Command, $"{path}.command"))
            .Concat(Words(spec.Entrypoint, $"{path}.entrypoint"))
            .Concat(Labels(spec.Labels, $"{path}.labels"))
            .Concat(Limits(spec.Limits, $"{path}.limits"))
            .Concat(HealthRules.Problems(spec.HealthCheck, $"{path}.healthCheck"))
            .Concat(Process(spec, path));

    private static IEnumerable<Refusal> Environment(Dictionary<string, string>? env, string path)
    {
        foreach (var (name, value) in env ?? [])
        {
            if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal) || name.Any(char.IsControl))
            {
                yield return Refusal.Invalid(path, "must map names to values; a name is not empty and holds no «=».");
            }
            else if (value is null)
            {
                yield return Refusal.Invalid($"{path}.{name}", "must be a string.");
            }
        }
    }

    private static IEnumerable<Refusal> Words(List<string>? words, string path)
    {
        if (words is { Count: 0 })
        {
            yield return Refusal.Invalid(path, "must not be empty.", "Leave it out to take the image's own.");
        }

        if (words?.IndexOf(null!) is >= 0 and var i)
        {
            yield return Refusal.Invalid($"{path}[{i}]", "must be a string.");
        }
    }

    private static IEnumerable<Refusal> Labels(Dictionary<string, string>? labels, string path)
    {
        foreach (var (name, value) in labels ?? [])
        {
            if (name.Length == 0)
            {
                yield return Refusal.Invalid(path, "must not hold an empty name.");
            }
            else if (name.StartsWith("deployhub.", StringComparison.Ordinal))
            {
                yield return Refusal.Invalid($"{path}.{name}", "must not begin with «deployhub.»: those labels are DeployHub's own.");
            }
            else if (value is null)
            {
                yield return Refusal.Invalid($"{path}.{name}", "must be a string.");
            }
        }
    }

    private static IEnumerable<Refusal> Limits(LimitsSpec? limits, string path)
    {
        if (limits?.MemoryMb is < 6)
        {
            yield return Refusal.Invalid($"{path}.memoryMb", "must be at least 6.");
        }

        if (limits?.Cpus is { } cpus && cpus is not (>= 0.01 and <= 1024))
        {
            yield return Refusal.Invalid($"{path}.cpus", "must be from 0.01 to 1024.");
        }

        if (limits?.Pids is < 1)
        {
            yield return Refusal.Invalid($"{path}.pids", "must be at least 1.");
        }
    }

    private static IEnumerable<Refusal> Process(ContainerSpec spec, string path)
    {
        if (!RestartPolicies.Contains(spec.RestartPolicy))
        {
            yield return Refusal.Invalid($"{path}.restartPolicy", "must be «no», «always», «unless-stopped» or «on-failure».");
        }

        if (spec.StopGraceSeconds is < 0 or > 600)
        {
            yield return Refusal.Invalid($"{path}.stopGraceSeconds", "must be from 0 to 600.");
        }

        if (spec.StopSignal is not null && !Signal().IsMatch(spec.StopSignal))
        {
            yield return Refusal.Invalid($"{path}.stopSignal", "must be a signal, as in «SIGTERM» or «15».");
        }

        if (spec.User is not null && (spec.User.Length == 0 || spec.User.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))))
        {
            yield return Refusal.Invalid($"{path}.user", "must be a user, as in «app» or «1000:1000».");
        }

        if (spec.WorkingDir is not null && !OutsideRules.IsPath(spec.WorkingDir))
        {
            yield return Refusal.Invalid($"{path}.workingDir", "must be an absolute path in the container.");
        }

        if (spec.Hostname is not null && !Hostname().IsMatch(spec.Hostname))
        {
            yield return Refusal.Invalid($"{path}.hostname", "must be 1 to 63 letters, digits, «-» or «.».");
        }
    }

    [GeneratedRegex(@"^(SIG[A-Z0-9+-]+|[A-Z][A-Z0-9+-]+|[0-9]{1,2})\z")]
    private static partial Regex Signal();

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9.-]{0,62}\z")]
    private static partial Regex Hostname();
}
