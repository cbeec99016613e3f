namespace DeployHub.Servers;

/// <summary>What makes a dockerd keep to its folder and leave every other engine and the machine's network alone.</summary>
internal static class DockerdArguments
{
    public static IEnumerable<string> Of(ServerFolder folder, string range, int? tcpPort) =>
    [
        "--data-root", folder.In("data"), "--exec-root", folder.In("exec"), "--pidfile", folder.In("docker.pid"), "--config-file", folder.In("daemon.json"),
        "-H", $"unix://{folder.In("docker.sock")}",
        .. tcpPort is null ? Array.Empty<string>() : ["-H", $"tcp://127.0.0.1:{tcpPort}"],
        "--bridge", folder.Bridge, "--default-address-pool", $"base={range}.128.0/17,size=24",
        // No packet filter and no forwarding: published ports still answer, docker-proxy carries them.
        "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false", "--userland-proxy=true",
        "--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", $"/{folder.ControlGroup}",
        "--shutdown-timeout", "5", "--log-level", "warn",
    ];
}
