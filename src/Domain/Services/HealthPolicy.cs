namespace DeployHub.Domain.Services;

/// <summary>
/// When a new container counts as serving. The container's HEALTHCHECK decides where it has one; else the probe, where one is
/// declared; else that it runs for <see cref="MinHealthySeconds"/> without a restart.
/// </summary>
public record HealthPolicy
{
    /// <summary>How long it must run without a restart when nothing checks it (source: Nomad's <c>min_healthy_time</c>, halved).</summary>
    public const int DefaultMinRunningSeconds = 5;

    /// <summary>An HTTP or TCP probe from the worker to the server, for containers without a HEALTHCHECK.</summary>
    public ProbeSpec? Probe { get; init; }

    /// <summary>Failed probes do not count within this many seconds from the start: 0 to 3600.</summary>
    public int StartPeriodSeconds { get; init; }

    /// <summary>Between two probes: 1 to 300.</summary>
    public int IntervalSeconds { get; init; } = 2;

    /// <summary>Failed probes in a row that fail the gate: 1 to 100.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>How long it must stay healthy without a restart: 0 to 3600. Left out: 0 where a check or probe decides, else 5.</summary>
    public int? MinHealthySeconds { get; init; }

    /// <summary>The gate's end: 1 to 1500 seconds from the start. Left out: 60, or as long as the container's HEALTHCHECK needs for its verdict.</summary>
    public int? DeadlineSeconds { get; init; }
}

/// <summary>A probe of the new container.</summary>
/// <param name="Type"><c>http</c> or <c>tcp</c>.</param>
/// <param name="Port">The port on the host, as the worker reaches it: 1 to 65535.</param>
/// <param name="Path">For <c>http</c>: the path, default <c>/</c>. Any 2xx or 3xx answer is healthy.</param>
/// <param name="Host">The host to ask; left out: the host of the server's endpoint, or 127.0.0.1 for a unix socket.</param>
/// <param name="TimeoutSeconds">1 to 60.</param>
public record ProbeSpec(string Type, int Port, string? Path = null, string? Host = null, int TimeoutSeconds = 2);
