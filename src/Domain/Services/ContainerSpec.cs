namespace DeployHub.Domain.Services;

/// <summary>How a declared container is made. What is left out is the image's own, or the engine's default.</summary>
public record ContainerSpec
{
    /// <summary>Environment variables, name to value.</summary>
    public Dictionary<string, string>? Env { get; init; }

    public List<PortSpec>? Ports { get; init; }
    public List<VolumeSpec>? Volumes { get; init; }

    /// <summary>Names of networks that exist on the server; the first is the main one. Empty: the engine's default bridge.</summary>
    public List<string>? Networks { get; init; }

    public List<string>? Command { get; init; }
    public List<string>? Entrypoint { get; init; }
    public Dictionary<string, string>? Labels { get; init; }

    /// <summary><c>no</c>, <c>always</c>, <c>unless-stopped</c> (default) or <c>on-failure</c>.</summary>
    public string RestartPolicy { get; init; } = "unless-stopped";

    public LimitsSpec? Limits { get; init; }
    public HealthCheckSpec? HealthCheck { get; init; }

    /// <summary>Seconds between the stop signal and the kill: 0 to 600.</summary>
    public int StopGraceSeconds { get; init; } = 10;

    public string? StopSignal { get; init; }
    public string? User { get; init; }
    public string? WorkingDir { get; init; }
    public string? Hostname { get; init; }

    /// <summary>Run an init as process 1, which passes signals on and reaps children.</summary>
    public bool Init { get; init; }
}

/// <summary>A published port.</summary>
/// <param name="ContainerPort">1 to 65535.</param>
/// <param name="HostPort">1 to 65535; left out, the engine picks a free one at every start.</param>
/// <param name="HostIp">The address to listen on; all when left out.</param>
/// <param name="Protocol"><c>tcp</c> (default), <c>udp</c> or <c>sctp</c>.</param>
public record PortSpec(int ContainerPort, int? HostPort = null, string? HostIp = null, string? Protocol = null);

/// <summary>A mount.</summary>
/// <param name="Source">An absolute path on the host (a bind), or a volume's name.</param>
/// <param name="Target">An absolute path in the container.</param>
/// <param name="ReadOnly">Mount it read-only.</param>
public record VolumeSpec(string Source, string Target, bool ReadOnly = false);

/// <summary>Limits on what the container may use.</summary>
/// <param name="MemoryMb">MiB, from 6.</param>
/// <param name="Cpus">Processors, as in 0.5.</param>
/// <param name="Pids">Processes and threads.</param>
public record LimitsSpec(int? MemoryMb = null, double? Cpus = null, int? Pids = null);

/// <summary>The container's HEALTHCHECK, in place of the image's.</summary>
/// <param name="Test">As Docker takes it: <c>["CMD", …]</c>, <c>["CMD-SHELL", "…"]</c>, or <c>["NONE"]</c> to switch the image's off.</param>
/// <param name="IntervalSeconds">1 to 3600.</param>
/// <param name="TimeoutSeconds">1 to 3600.</param>
/// <param name="Retries">1 to 100.</param>
/// <param name="StartPeriodSeconds">0 to 3600.</param>
public record HealthCheckSpec(
    List<string> Test, int IntervalSeconds = 10, int TimeoutSeconds = 5, int Retries = 3, int StartPeriodSeconds = 0);
