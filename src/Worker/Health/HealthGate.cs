using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Services;
using DeployHub.Persistence.Messaging;

namespace DeployHub.Worker.Health;

/// <summary>
/// Holds a started container until it counts as serving, or until it is clear that it never will. The engine's events wake it;
/// what it decides by is always a fresh inspection.
/// </summary>
public sealed class HealthGate(Probes probes)
{
    // Events tell at once; the look beside them covers an event that the engine dropped.
    private static readonly TimeSpan LookAtLeastEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Listens to the container, so that nothing that happens from its start on is missed.</summary>
    public static Task<EngineEventStream> Listen(EngineClient engine, string containerId, CancellationToken ct) => engine.OpenEvents(
        new Dictionary<string, string[]> { ["type"] = ["container"], ["container"] = [containerId], ["event"] = ["die", "oom", "health_status"] }, ct);

    /// <summary>Null when the gate was passed, else why not. The container was just started.</summary>
    public async Task<DeploymentError?> Hold(EngineClient engine, string containerId, string name, HealthPolicy policy, EngineEventStream events, CancellationToken ct)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var wake = new Wake();
        var listening = WakeAtEvents(events, wake, ended.Token);
        try
        {
            var run = new GateRun(policy, name, engine.Endpoint.Host is { Length: > 0 } host ? host : "127.0.0.1", probes);
            while (true)
            {
                if (await run.Judge(await engine.GetContainer(containerId, ct), ct) is { } verdict)
                {
                    return verdict.Error;
                }

                await wake.Wait(run.NextLook(LookAtLeastEvery), ct);
            }
        }
        finally
        {
            await ended.CancelAsync();
            await listening;
        }
    }

    // A stream that breaks means that the engine went away: the next inspection says so.
    private static async Task WakeAtEvents(EngineEventStream events, Wake wake, CancellationToken ct)
    {
        try
        {
            await foreach (var _ in events.ReadAll(ct))
            {
                wake.Now();
            }
        }
        catch (EngineException)
        {
            wake.Now();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The gate has its verdict.
        }
    }

    /// <summary>How long a container's own HEALTHCHECK may need for its verdict, or a minute where that is longer.</summary>
    internal static TimeSpan Deadline(HealthPolicy policy, ContainerInspection container)
    {
        if (policy.DeadlineSeconds is { } seconds)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        var check = container.Raw["Config"]?["Healthcheck"];
        double Seconds(string key, double fallback) => check?[key]?.GetValue<long>() is > 0 and var nanoseconds ? nanoseconds / 1e9 : fallback;
        var retries = check?["Retries"]?.GetValue<int>() is > 0 and var given ? given : 3;
        var verdict = container.State.Health is null
            ? policy.StartPeriodSeconds + (policy.IntervalSeconds * (policy.Retries + 1)) + (policy.MinHealthySeconds ?? HealthPolicy.DefaultMinRunningSeconds)
            : Seconds("StartPeriod", 0) + ((Seconds("Interval", 30) + Seconds("Timeout", 30)) * (retries + 1)) + (policy.MinHealthySeconds ?? 0);
        return TimeSpan.FromSeconds(Math.Max(DefaultDeadline.TotalSeconds, verdict + 10));
    }
}
