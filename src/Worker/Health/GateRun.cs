using System.Diagnostics;
using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Services;

namespace DeployHub.Worker.Health;

/// <summary>The gate's verdict; no error means passed.</summary>
internal sealed record GateVerdict(DeploymentError? Error);

/// <summary>One holding of the gate: what was seen so far, and what the next look has to show.</summary>
internal sealed class GateRun(HealthPolicy policy, string name, string serverHost, Probes probes)
{
    private static readonly GateVerdict Passed = new((DeploymentError?)null);

    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan? _healthySince;
    private TimeSpan _nextProbe;
    private TimeSpan _minimum;
    private int _failedProbes;
    private string? _lastProbe;
    private bool _probes;

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>The verdict, or null while it is open.</summary>
    public async Task<GateVerdict?> Judge(ContainerInspection container, CancellationToken ct)
    {
        var state = container.State;
        if (state.Restarting || container.RestartCount > 0 || (!state.Running && WillRestart(container)))
        {
            return Failed(DeploymentErrorCodes.CrashLoop,
                $"Container «{name}» exited with code {state.ExitCode}{Memory(state)} within {Elapsed.TotalSeconds:0.0} s of its start, and its restart policy «{container.RestartPolicy.Name}» starts it again and again. Its log tells why.");
        }

        if (!state.Running)
        {
            return Failed(DeploymentErrorCodes.ContainerExited,
                $"Container «{name}» exited with code {state.ExitCode}{Memory(state)} {Elapsed.TotalSeconds:0.0} s after its start. Its log tells why.");
        }

        _probes = state.Health is null or { Status: "none" } && policy.Probe is not null;
        var checks = state.Health is { Status: not "none" } || _probes;
        _minimum = TimeSpan.FromSeconds(policy.MinHealthySeconds ?? (checks ? 0 : HealthPolicy.DefaultMinRunningSeconds));
        var healthy = state.Health is { Status: not "none" } health ? ByHealthCheck(health) : _probes ? await ByProbe(ct) : Passed;
        if (healthy?.Error is not null)
        {
            return healthy;
        }

        _healthySince = healthy is null ? null : checks ? _healthySince ?? Elapsed : TimeSpan.Zero;
        if (_healthySince is { } since && Elapsed - since >= _minimum)
        {
            return Passed;
        }

        return Elapsed < HealthGate.Deadline(policy, container) ? null : TimedOut(state);
    }

    /// <summary>When to look again if nothing happens before.</summary>
    public TimeSpan NextLook(TimeSpan atLeastEvery)
    {
        var look = atLeastEvery;
        if (_probes && _nextProbe - Elapsed < look)
        {
            look = _nextProbe - Elapsed;
        }

        if (_healthySince is { } since && since + _minimum - Elapsed < look)
        {
            look = since + _minimum - Elapsed;
        }

        return look > TimeSpan.FromMilliseconds(1) ? look : TimeSpan.FromMilliseconds(1);
    }

    private GateVerdict? ByHealthCheck(ContainerHealth health) => health.Status switch
    {
        "healthy" => Passed,
        "unhealthy" => new(new DeploymentError(
            DeploymentErrorCodes.Unhealthy,
            $"The health check of container «{name}» failed {health.FailingStreak} times in a row. Its last output and the log tell why.",
            Health: health.Log.LastOrDefault()?.Output)),
        _ => null,
    };

    private async Task<GateVerdict?> ByProbe(CancellationToken ct)
    {
        if (Elapsed < _nextProbe)
        {
            return _healthySince is null ? null : Passed;
        }

        _lastProbe = await probes.Ask(policy.Probe!, serverHost, ct);
        _nextProbe = Elapsed + TimeSpan.FromSeconds(policy.IntervalSeconds);
        if (_lastProbe is null)
        {
            _failedProbes = 0;
            return Passed;
        }

        _healthySince = null;
        _failedProbes += Elapsed.TotalSeconds >= policy.StartPeriodSeconds ? 1 : 0;
        return _failedProbes < policy.Retries ? null : new(new DeploymentError(
            DeploymentErrorCodes.Unhealthy, $"The probe of container «{name}» failed {_failedProbes} times in a row: {_lastProbe}.", Health: _lastProbe));
    }

    private GateVerdict TimedOut(ContainerState state)
    {
        var seen = state.Health?.Log.LastOrDefault()?.Output ?? _lastProbe;
        return new(new DeploymentError(
            DeploymentErrorCodes.HealthTimeout,
            $"Container «{name}» runs, but was not healthy within {Elapsed.TotalSeconds:0} s (health: {state.Health?.Status ?? (_probes ? "probe failing" : "none")}). Look at its log, or give it more time (health.deadlineSeconds).",
            Health: seen));
    }

    private static bool WillRestart(ContainerInspection container) => container.RestartPolicy.Name switch
    {
        "always" or "unless-stopped" => true,
        "on-failure" => container.State.ExitCode != 0,
        _ => false,
    };

    private static string Memory(ContainerState state) => state.OomKilled ? " (out of memory)" : "";

    private static GateVerdict Failed(string code, string message) => new(new DeploymentError(code, message));
}
