using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Domain.Services;

namespace DeployHub.Worker.Containers;

/// <summary>Makes a container from its declaration.</summary>
public static class DeclaredContainer
{
    private const long BytesPerMiB = 1024 * 1024;
    private const decimal NanosPerCpu = 1_000_000_000;
    private const long NanosPerSecond = 1_000_000_000;

    /// <summary>How to make it. What the declaration leaves out is left out here: the image's own or the engine's default holds.</summary>
    /// <param name="spec">The declaration.</param>
    /// <param name="image">The image, by digest or id.</param>
    /// <param name="labels">Added to the declared ones, and stronger than they.</param>
    public static ContainerPlan Plan(ContainerSpec spec, string image, IReadOnlyDictionary<string, string> labels)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(labels);
        var host = Host(spec);
        var body = new JsonObject
        {
            ["Image"] = image,
            ["Labels"] = new JsonObject((spec.Labels ?? []).Where(own => !labels.ContainsKey(own.Key)).Concat(labels).Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value))),
            ["StopTimeout"] = spec.StopGraceSeconds,
            ["HostConfig"] = host,
        };
        Set(body, "Env", (spec.Env ?? []).Select(variable => $"{variable.Key}={variable.Value}").ToJson());
        Set(body, "ExposedPorts", new JsonObject((spec.Ports ?? []).Select(Key).Distinct().Select(key => KeyValuePair.Create(key, (JsonNode?)new JsonObject()))));
        Set(body, "Cmd", (spec.Command ?? []).ToJson());
        Set(body, "Entrypoint", (spec.Entrypoint ?? []).ToJson());
        Set(body, "Healthcheck", spec.HealthCheck is { } check ? Health(check) : null);
        Set(body, "StopSignal", spec.StopSignal);
        Set(body, "User", spec.User);
        Set(body, "WorkingDir", spec.WorkingDir);
        Set(body, "Hostname", spec.Hostname);
        if (spec.Networks is not [var main, .. var further])
        {
            return new ContainerPlan(body, []);
        }

        host["NetworkMode"] = main;
        if (NetworkModes.HasOwnNetworks(main))
        {
            body["NetworkingConfig"] = new JsonObject { ["EndpointsConfig"] = new JsonObject { [main] = new JsonObject() } };
        }

        return new ContainerPlan(body, [.. further.Select(network => new NetworkAttachment(network, []))]);
    }

    private static JsonObject Host(ContainerSpec spec)
    {
        var host = new JsonObject { ["RestartPolicy"] = Restart(spec.RestartPolicy) };
        Set(host, "PortBindings", new JsonObject((spec.Ports ?? []).GroupBy(Key).Select(port => KeyValuePair.Create(port.Key, (JsonNode?)new JsonArray([.. port.Select(Binding)])))));
        Set(host, "Mounts", new JsonArray([.. (spec.Volumes ?? []).Select(Mount)]));
        Set(host, "Memory", spec.Limits?.MemoryMb * BytesPerMiB);
        Set(host, "NanoCpus", spec.Limits?.Cpus is { } cpus ? (long)((decimal)cpus * NanosPerCpu) : null);
        Set(host, "PidsLimit", spec.Limits?.Pids);
        // False would overrule an engine that is told to give every container an init.
        Set(host, "Init", spec.Init ? true : null);
        return host;
    }

    private static void Set(JsonObject json, string key, JsonNode? value)
    {
        if (!value.IsEmpty())
        {
            json[key] = value;
        }
    }

    private static string Key(PortSpec port) => string.Create(CultureInfo.InvariantCulture, $"{port.ContainerPort}/{port.Protocol ?? "tcp"}");

    // An empty HostPort lets the engine pick.
    private static JsonObject Binding(PortSpec port) =>
        new() { ["HostIp"] = port.HostIp ?? "", ["HostPort"] = port.HostPort?.ToString(CultureInfo.InvariantCulture) ?? "" };

    // Mounts, not Binds: a missing source is a refusal (400) then, and not a folder that the engine creates as root.
    private static JsonObject Mount(VolumeSpec volume) => new()
    {
        ["Type"] = volume.Source.StartsWith('/') ? "bind" : "volume",
        ["Source"] = volume.Source,
        ["Target"] = volume.Target,
        ["ReadOnly"] = volume.ReadOnly,
    };

    private static JsonObject Restart(string policy) => policy.Split(':') is [var name, var retries]
        ? new() { ["Name"] = name, ["MaximumRetryCount"] = int.Parse(retries, NumberStyles.None, CultureInfo.InvariantCulture) }
        : new() { ["Name"] = policy };

    private static JsonObject Health(HealthCheckSpec check) => new()
    {
        ["Test"] = check.Test.ToJson(),
        ["Interval"] = check.IntervalSeconds * NanosPerSecond,
        ["Timeout"] = check.TimeoutSeconds * NanosPerSecond,
        ["Retries"] = check.Retries,
        ["StartPeriod"] = check.StartPeriodSeconds * NanosPerSecond,
    };
}
