using System.Net;
using System.Text.RegularExpressions;
using DeployHub.Domain.Services;

namespace DeployHub.Intake.Services;

/// <summary>What a declared container may have to do with what is outside of it: ports, volumes, networks.</summary>
internal static partial class OutsideRules
{
    public static IEnumerable<Refusal> Ports(List<PortSpec> ports, string path)
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

    public static IEnumerable<Refusal> Volumes(List<VolumeSpec> volumes, string path)
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

    public static IEnumerable<Refusal> Networks(List<string> networks, string path)
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

    public static bool IsPath(string text) => text.StartsWith('/') && !text.Any(char.IsControl);

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]*\z")]
    private static partial Regex Named();
}
