using System.Text.Json.Nodes;
using DeployHub.Contracts.Errors;

namespace DeployHub.Api.OpenApi;

/// <summary>The values that examples are made of: one deploy of one shop. By schema and field, else by field alone.</summary>
internal static class Examples
{
    public const string Id = "0199d0a2-6c1f-7a34-9d52-4f0c91d2ab37";
    public const string Time = "2026-01-31T10:00:00.000Z";
    public const string RequestId = "req_01KG9X3B7ZC1T5V8N2M4Q6R0WY";
    public const string ETag = "\"q8iQ0xkS1mZ0mC0v3n1D9wzJk2y5tq7b4r6e8f0a1c3\"";
    public const string Cursor = "NjM5MDU0NTYwMDAwMDAwMDAwOjAxOTlkMGEyNmMxZjdhMzQ5ZDUyNGYwYzkxZDJhYjM3OjBhMWIyYzNkNGU1Zg";

    private const string Digest = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    private const string FormerDigest = "sha256:9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0";
    private const string Image = "registry.example.com/shop/web";
    private const string Content = "colour: ${SHOP_COLOUR}\n";

    private static readonly Dictionary<string, JsonNode> Values = new()
    {
        ["name"] = "shop", ["nextCursor"] = Cursor, ["createdAt"] = Time, ["updatedAt"] = Time, ["startedAt"] = Time, ["completedAt"] = Time, ["at"] = Time,
        ["imageName"] = Image, ["imageTag"] = "v2", ["imageDigest"] = Digest, ["manifestDigest"] = Digest, ["toDigest"] = Digest, ["fromDigest"] = FormerDigest,
        ["containerName"] = "shop-web", ["action"] = "deploy", ["triggerType"] = "api", ["autoRollback"] = true, ["rollbackOnFailure"] = true, ["triggeredBy"] = "ci", ["createdBy"] = "admin", ["actor"] = "admin",
        ["endpoint"] = "unix:///var/run/docker.sock", ["registryUrl"] = "registry.example.com", ["filename"] = "shop.yaml", ["path"] = "/opt/shop/shop.yaml",
        ["targetPath"] = "/opt/shop/shop.yaml", ["mode"] = "0644", ["toHash"] = Digest, ["wantedHash"] = Digest, ["hostHash"] = Digest,
        ["configFileName"] = "shop", ["configFileVersion"] = 1, ["version"] = 1, ["size"] = Content.Length, ["targetCount"] = 1, ["stepCount"] = 1, ["total"] = 1, ["attempts"] = 1,
        ["sha256"] = Digest["sha256:".Length..], ["restartPolicy"] = "unless-stopped", ["requestId"] = RequestId, ["message"] = "What happened, to what, and what to do.",
        ["Environment.name"] = "production", ["NewEnvironment.name"] = "production", ["EnvironmentChange.name"] = "production-eu",
        ["Server.name"] = "web-1", ["NewServer.name"] = "web-1", ["ServerChange.name"] = "web-1", ["serverName"] = "web-1", ["server.name"] = "web-1",
        ["Server.engineVersion"] = "28.3.3", ["Server.status"] = "reachable", ["EngineStatus.status"] = "reachable", ["ServerChange.endpoint"] = "tcp://10.0.0.5:2375",
        ["Registry.name"] = "company", ["NewRegistry.name"] = "company", ["NewRegistry.username"] = "deploy", ["NewRegistry.password"] = "the registry's password",
        ["RegistryChange.password"] = "the registry's new password", ["Registry.username"] = "deploy", ["Registry.hasPassword"] = true,
        ["ContainerImageChange.imageName"] = Image, ["NewImageDigest.manifestDigest"] = Digest, ["ImageDigest.tag"] = "v2",
        ["Service.name"] = "shop-web", ["NewService.name"] = "shop-web", ["ServiceChange.name"] = "shop-web", ["service.name"] = "shop-web",
        ["NewService.container"] = new JsonObject
        {
            ["env"] = new JsonObject { ["COLOUR"] = "green" },
            ["ports"] = new JsonArray(new JsonObject { ["containerPort"] = 8080, ["hostPort"] = 8081, ["hostIp"] = "127.0.0.1" }),
            ["stopGraceSeconds"] = 10,
        },
        ["NewService.health"] = new JsonObject { ["minHealthySeconds"] = 5, ["deadlineSeconds"] = 60 },
        ["NewServiceDeployment.containerName"] = "shop-web", ["ServiceDeploymentChange.containerName"] = "shop-web-2",
        ["ServiceDeployment.currentDigest"] = Digest, ["ServiceDeployment.currentTag"] = "v2", ["ServiceDeployment.deployedAt"] = Time,
        ["DeployRequest.imageTag"] = "v2", ["DeployRequest.autoRollback"] = true, ["SyncBatchRequest.rollbackOnFailure"] = true, ["SyncFileRequest.rollbackOnFailure"] = true, ["CancelRequest.rollback"] = true, ["CancelBatchRequest.rollback"] = true,
        ["Plan.status"] = "completed", ["Plan.status@202"] = "pending", ["Step.status"] = "success", ["Step.status@202"] = "pending", ["Plan.maxParallel"] = 1,
        ["PlanCounts.success"] = 1, ["PlanCounts.success@202"] = 0, ["Step.attempts@202"] = 0,
        ["SyncBatch.status"] = "ok", ["SyncBatch.status@202"] = "pending", ["SyncOperation.status"] = "ok", ["SyncOperation.status@202"] = "pending",
        ["SyncTarget.status"] = "written", ["SyncTarget.status@202"] = "pending", ["SyncTarget.attempts@202"] = 0,
        ["SyncOperationRequest.type"] = "config-file-sync", ["SyncOperationRequest.configFileId"] = Id, ["DryRun.dryRun"] = true, ["DryRunOperation.status"] = "pending",
        ["DryRunTarget.outcome"] = "change", ["DryRunTarget.diff"] = "--- /opt/shop/shop.yaml\n+++ /opt/shop/shop.yaml\n@@ -1 +1 @@\n-colour: blue\n+colour: green\n",
        ["ConfigFile.content"] = Content, ["NewConfigFile.content"] = Content, ["ConfigFileChange.content"] = Content, ["ConfigFile.language"] = "yaml",
        ["Variable.name"] = "SHOP_COLOUR", ["Variable.value"] = "green", ["Secret.name"] = "SHOP_PASSWORD", ["NewValue.name"] = "SHOP_COLOUR", ["NewValue.value"] = "green",
        ["ValueChange.value"] = "blue", ["AttachmentChange.targetPath"] = "/opt/shop/shop.yaml", ["AttachmentChange.mode"] = "0640",
        ["Account.name"] = "ci", ["Account.role"] = "operator", ["NewAccount.name"] = "ci", ["NewAccount.role"] = "operator", ["AccountChange.disabled"] = true,
        ["NewToken.name"] = "ci", ["NewToken.role"] = "operator", ["NewToken.expiresAt"] = "2027-01-31T00:00:00Z", ["Token.name"] = "ci", ["Token.role"] = "operator",
        ["secret"] = "dhub_… (shown once)", ["AuditLog.action"] = "service.update", ["AuditLog.detail"] = "shop-web", ["HealthAnswer.status"] = "ok", ["Broker.status"] = "healthy",
        ["DeadLetter.reason"] = "The message could not be read as JSON.", ["reason"] = "What could not be done, and why.",
        ["SyncError.code"] = "disk_full", ["StepError.code"] = "UNHEALTHY", ["PlanError.code"] = "UNHEALTHY", ["Error.code"] = ErrorCodes.ValidationError,
    };

    /// <summary>The value of a field of a schema, in an answer of a status; null where there is none in store.</summary>
    /// <param name="owner">The schema that the field is of.</param>
    /// <param name="parent">The field that holds the object that the field is of.</param>
    /// <param name="field">The field.</param>
    /// <param name="status">Of the answer; empty for a request.</param>
    public static JsonNode? Find(string owner, string parent, string field, string status) =>
        (Values.GetValueOrDefault($"{owner}.{field}@{status}") ?? Values.GetValueOrDefault($"{owner}.{field}") ?? Values.GetValueOrDefault($"{parent}.{field}")
            ?? Values.GetValueOrDefault(field))?.DeepClone();

    /// <summary>Whether a field that may be left out of a request is shown in the example.</summary>
    public static bool Shows(string owner, string field) => Values.ContainsKey($"{owner}.{field}");

    /// <summary>What an error of a status says.</summary>
    /// <param name="status">The HTTP status.</param>
    public static JsonObject Error(string status)
    {
        (string code, string message, string? field, string? hint) = status switch
        {
            "400" => (ErrorCodes.ValidationError, "«verbose» is not a parameter of this address.", "verbose", "Names are exact, also in upper and lower case."),
            "401" => (ErrorCodes.Unauthorized, "A valid bearer token is needed.", "Authorization", "Send «Authorization: Bearer dhub_…»."),
            "403" => (ErrorCodes.ForbiddenRole, "This needs another role; the token «ci» has viewer.", null, null),
            "404" => (ErrorCodes.NotFound, $"There is nothing with the id {Id}.", null, null),
            "409" => (ErrorCodes.Conflict, "The request contradicts what is there.", null, "Read what is there, and decide again."),
            "412" => (ErrorCodes.Conflict, "It has changed since it was read.", "If-Match", "Read it again."),
            "413" => (ErrorCodes.ValidationError, "The body is larger than 1 MiB.", null, null),
            "415" => (ErrorCodes.ValidationError, "The body must be JSON in UTF-8.", "Content-Type", "Send «Content-Type: application/json»."),
            "429" => (ErrorCodes.RateLimited, "Too many requests.", null, "Try again after «Retry-After» seconds."),
            "503" => (ErrorCodes.ServiceUnavailable, "The database cannot be reached. Nothing was changed; try again.", null, null),
            _ => (ErrorCodes.Internal, "Something went wrong in DeployHub.", null, "Quote the request id."),
        };
        var error = new JsonObject { ["code"] = code, ["message"] = message };
        if (field is not null)
        {
            error["field"] = field;
        }

        if (hint is not null)
        {
            error["hint"] = hint;
        }

        error["requestId"] = RequestId;
        return error;
    }
}
