using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using DeployHub.Contracts.Channels;
using DeployHub.Contracts.Commands;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Errors;
using DeployHub.Contracts.Wire;

namespace DeployHub.ContractDocs;

/// <summary>An example of every public message, made from its type: one deploy, and one batch of config files, of one shop.</summary>
public static class Samples
{
    public const string EnvironmentName = "Production EU";
    public const string TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    public const string CorrelationId = "7";
    public const string BrokerUser = "ci-queue";
    public const string ReplyQueue = "ci-replies";

    /// <summary>When an event happened, as it stands on the wire.</summary>
    public const string WireTime = "2026-01-31T10:00:03.120Z";

    /// <summary>The message's id.</summary>
    public static readonly Guid MessageId = Id(0);

    /// <summary>The id of a request of MassTransit.</summary>
    public static readonly Guid RequestId = Id(11);

    private static readonly DateTime Time = new(2026, 1, 31, 10, 0, 3, 120, DateTimeKind.Utc);

    // A command says what it wants, and leaves out what it has no need of.
    private static readonly JsonSerializerOptions Sent = new(WireWords.Json) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    // What an event shows for a field of this name; all other fields show what their type gives.
    private static readonly Dictionary<string, object?> Values = new()
    {
        ["planId"] = Id(1), ["batchId"] = Id(2), ["environmentId"] = Id(3), ["stepId"] = Id(4), ["serviceId"] = Id(5), ["serverId"] = Id(6), ["targetId"] = Id(7),
        ["configFileId"] = Id(8), ["supersededBy"] = Id(9), ["environmentName"] = EnvironmentName, ["imageName"] = "registry.example.com/shop/web", ["imageTag"] = "v2",
        ["imageDigest"] = Digest('b'), ["fromDigest"] = Digest('a'), ["fromHash"] = Digest('c'), ["toHash"] = Digest('d'), ["serviceName"] = "shop-web", ["serverName"] = "web-1",
        ["containerName"] = "shop-web", ["path"] = "/etc/shop/shop.conf", ["cancelledBy"] = "ci", ["account"] = BrokerUser, ["correlationId"] = CorrelationId,
        ["idempotencyKey"] = "build-7", ["command"] = "deploy-container-image", ["field"] = "imageTag", ["hint"] = null, ["health"] = "HTTP 503",
        ["logTail"] = "listening on 8080\n", ["exitCode"] = null, ["sequence"] = 3, ["totalSteps"] = 2, ["operationIndex"] = 0, ["replayed"] = false,
    };

    private static readonly Dictionary<Type, object> Commands = new object[]
    {
        new DeployContainerImage { ContainerImageId = Id(10), ImageTag = "v2", IdempotencyKey = "build-7" },
        new ExecuteSyncBatch { Operations = [new SyncOperation { Type = "config-file-sync", ConfigFileId = Id(8).ToString() }], IdempotencyKey = "config-7" },
        new CancelDeployment { PlanId = Id(1), Rollback = true, IdempotencyKey = "cancel-7" },
        new RollbackDeployment { PlanId = Id(1), IdempotencyKey = "rollback-7" },
    }.ToDictionary(command => command.GetType());

    /// <summary>An event, as DeployHub would publish it.</summary>
    public static object Of(EventChannel channel) => Make(channel.Type, channel.Verb);

    /// <summary>An event as it stands on the wire.</summary>
    public static JsonNode Json(EventChannel channel) => JsonSerializer.SerializeToNode(Of(channel), channel.Type, WireWords.Json)!;

    /// <summary>A command as a program would send it.</summary>
    public static JsonNode Json(CommandChannel channel) => JsonSerializer.SerializeToNode(Commands[channel.Type], channel.Type, Sent)!;

    private static object Make(Type type, string verb)
    {
        var constructor = type.GetConstructors().MaxBy(x => x.GetParameters().Length)!;
        return constructor.Invoke([.. constructor.GetParameters().Select(x => Value(x, type, verb))]);
    }

    private static object? Value(ParameterInfo parameter, Type type, string verb)
    {
        var name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);
        if (name is "status" or "code" or "message")
        {
            return Word(name, type, verb);
        }

        // An answer is about a plan here, and so about no batch.
        if (name == "batchId" && type == typeof(CommandAccepted))
        {
            return null;
        }

        return Values.TryGetValue(name, out var value) ? value
            : parameter.ParameterType == typeof(DateTime) ? Time
            : parameter.ParameterType.IsClass && parameter.ParameterType != typeof(string) ? Make(parameter.ParameterType, verb)
            : throw new InvalidOperationException($"There is no example for «{name}» of {type.Name}.");
    }

    private static string Word(string name, Type type, string verb) => (name, type.Name) switch
    {
        ("status", nameof(PlanEventFacts)) => verb is "started" or "deployed" or "deploy-failed" ? "running" : verb is "rollback-failed" ? "rolling_back" : verb.Replace('-', '_'),
        ("status", nameof(BatchEventFacts)) => verb is "synced" or "sync-failed" ? "running" : verb is "restored" ? "rolling_back" : verb is "completed" ? "ok" : verb.Replace('-', '_'),
        ("status", nameof(StepEventFacts)) => verb is "deployed" ? "success" : verb is "deploy-failed" ? "failed" : verb.Replace('-', '_'),
        ("status", nameof(TargetEventFacts)) => verb is "synced" ? "written" : verb is "sync-failed" ? "failed" : "restored",
        ("status", _) => verb,
        ("code", nameof(DeploymentError)) => verb is "rollback-failed" ? DeploymentErrorCodes.RestoreFailed : DeploymentErrorCodes.Unhealthy,
        ("code", nameof(SyncError)) => SyncErrorCodes.ReadOnly,
        ("code", _) => ErrorCodes.ValidationError,
        ("message", nameof(DeploymentError)) => "The container «shop-web» on the server «web-1» did not become healthy: HTTP 503. Read «health» and «logTail».",
        ("message", nameof(SyncError)) => "The folder «/etc/shop» on the server «web-1» is read-only. Mount it writable, then send the batch again.",
        _ => "«imageTag» must be a string.",
    };

    private static Guid Id(int number) => Guid.Parse($"01a20040-3c8c-7573-ac37-{number:d12}");

    private static string Digest(char digit) => "sha256:" + new string(digit, 64);
}
