using System.Net;
using System.Text.RegularExpressions;
using DeployHub.Domain.Services;

namespace DeployHub.Intake.Services;

/// <summary>What a declared container may say; the fields are named by their paths.</summary>
public static partial class ContainerRules
{
    private static readonly string[] RestartPolicies = ["no", "always", "unless-stopped", "on-failure"];

    public static IEnumerable<Refusal> Problems(ContainerSpec spec, string path) =>
        Environment(spec.Env, $"{path}.env")
            .Concat(Ports(spec.Ports ?? [], $"{path}.ports"))
            .Concat(Volumes(spec.Volumes ?? [], $"{path}.volumes"))
            .Concat(Networks(spec.Networks ?? [], $"{path}.networks"))
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

    private static IEnumerable<Refusal> Ports(List<PortSpec> ports, string path)
    {
        var published = new HashSet<(string?, int, string)>();
        for (var i = 0; i < ports.Count; i++)
        {
            if (ports[i] is not { } port)
            {
                yield return Refusal.Invalid($"{path}[{i}]", "must be an object.");
                continue;
            }

            if (port.ContainerPort is < 1 or > 65535)
            {
                yield return Refusal.Invalid($"{path}[{i}].containerPort", "must be from 1 to 65535.");
            }

            if (port.HostPort is < 1 or > 65535)
            {
                yield return Refusal.Invalid($"{path}[{i}].hostPort", "must be from 1 to 65535.", "Leave it out to let the engine pick a free one.");
            }

            if (port.HostIp is not null && !IPAddress.TryParse(port.HostIp, out _))
            {
                yield return Refusal.Invalid($"{path}[{i}].hostIp", "must be an IP address.");
            }

            if (port.Protocol is not (null or "tcp" or "udp" or "sctp"))
            {
                yield return Refusal.Invalid($"{path}[{i}].protocol", "must be «tcp», «udp» or «sctp».");
            }

            if (port.HostPort is { } host && !published.Add((port.HostIp, host, port.Protocol ?? "tcp")))
            {
                yield return Refusal.Invalid($"{path}[{i}].hostPort", $"must not be published twice: {host}.");
            }
        }
    }

    private static IEnumerable<Refusal> Volumes(List<VolumeSpec> volumes, string path)
    {
        var targets = new HashSet<string>();
        for (var i = 0; i < volumes.Count; i++)
        {
            if (volumes[i] is not { } volume)
            {
                yield return Refusal.Invalid($"{path}[{i}]", "must be an object.");
                continue;
            }

            if (!IsPath(volume.Source) && !Named().IsMatch(volume.Source))
            {
                yield return Refusal.Invalid($"{path}[{i}].source", "must be an absolute path on the host, or a volume's name.");
            }

            if (!IsPath(volume.Target) || volume.Target == "/")
            {
                yield return Refusal.Invalid($"{path}[{i}].target", "must be an absolute path in the container, other than «/».");
            }
            else if (!targets.Add(volume.Target.TrimEnd('/')))
            {
                yield return Refusal.Invalid($"{path}[{i}].target", "must not be mounted twice.");
            }
        }
    }

    private static IEnumerable<Refusal> Networks(List<string> networks, string path)
    {
        for (var i = 0; i < networks.Count; i++)
        {
            if (networks[i] is not { } name || !Named().IsMatch(name))
            {
                yield return Refusal.Invalid($"{path}[{i}]", "must be the name of a network.");
            }
            else if (networks.IndexOf(name) != i)
            {
                yield return Refusal.Invalid($"{path}[{i}]", "must not be named twice.");
            }
            else if (name is "host" or "none" && networks.Count > 1)
            {
                yield return Refusal.Invalid($"{path}[{i}]", $"cannot be «{name}» together with other networks.");
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

        if (spec.WorkingDir is not null && !IsPath(spec.WorkingDir))
        {
            yield return Refusal.Invalid($"{path}.workingDir", "must be an absolute path in the container.");
        }

        if (spec.Hostname is not null && !Hostname().IsMatch(spec.Hostname))
        {
            yield return Refusal.Invalid($"{path}.hostname", "must be 1 to 63 letters, digits, «-» or «.».");
        }
    }

    private static bool IsPath(string text) => text.StartsWith('/') && !text.Any(char.IsControl);

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]*\z")]
    private static partial Regex Named();

    [GeneratedRegex(@"^(SIG[A-Z0-9+-]+|[A-Z][A-Z0-9+-]+|[0-9]{1,2})\z")]
    private static partial Regex Signal();

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9.-]{0,62}\z")]
    private static partial Regex Hostname();
}
