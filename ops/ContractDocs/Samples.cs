using System.Text.Json.Nodes;

namespace DeployHub.ContractDocs;

/// <summary>Examples of messages, made from their schemas and the values of one deploy of one shop.</summary>
internal static class Samples
{
    public const string Id = "0199d0a2-6c1f-7a34-9d52-4f0c91d2ab37";
    public const string Time = "2026-01-31T10:00:00.000Z";

    private const string Digest = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    private const string FormerDigest = "sha256:9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0";

    private static readonly Dictionary<string, JsonNode> Values = new()
    {
        ["sequence"] = 3, ["imageName"] = "registry.example.com/shop/web", ["imageTag"] = "v2", ["imageDigest"] = Digest, ["serviceName"] = "shop-web", ["serverName"] = "web-1",
        ["containerName"] = "shop-web", ["fromDigest"] = FormerDigest, ["status"] = "failed", ["totalSteps"] = 2, ["cancelledBy"] = "ci", ["environmentName"] = "production",
        ["code"] = "UNHEALTHY", ["message"] = "The health check of «shop-web» on «web-1» failed three times.", ["health"] = "connection refused", ["logTail"] = "listening on 8080",
        ["path"] = "/opt/shop/shop.yaml", ["fromHash"] = FormerDigest, ["toHash"] = Digest, ["idempotencyKey"] = "build-1", ["type"] = "config-file-sync", ["maxParallel"] = 1,
        ["operationIndex"] = 0, ["autoRollback"] = true, ["rollbackOnFailure"] = true,
    };

    // What a step's or a plan's status is in an event that says so by its name.
    private static readonly Dictionary<string, string[]> Words = new()
    {
        ["Deployed"] = ["success"], ["Synced"] = ["written"], ["Restored"] = ["restored"], ["PartiallyRolledBack"] = ["partially_rolled_back"], ["RolledBack"] = ["rolled_back"],
        ["RollbackFailed"] = ["rollback_failed"], ["Completed"] = ["completed", "ok"], ["Started"] = ["running"], ["Cancelled"] = ["cancelled"], ["Superseded"] = ["superseded"],
    };

    public static JsonNode? Of(string message, JsonObject schema) => Of(message, "", schema);

    private static JsonNode? Of(string message, string field, JsonObject schema)
    {
        if (schema["enum"] is JsonArray words)
        {
            var said = Words.Where(word => message.EndsWith(word.Key, StringComparison.Ordinal)).SelectMany(word => word.Value).Append("failed");
            return words.FirstOrDefault(word => said.Contains((string?)word))?.DeepClone() ?? words[0]!.DeepClone();
        }

        var types = schema["type"] is JsonArray several ? several.Select(type => (string)type!).ToList() : [(string?)schema["type"] ?? "object"];
        if (Values.GetValueOrDefault(field) is { } value && types.Contains(value.GetValueKind() switch
            {
                System.Text.Json.JsonValueKind.Number => "integer",
                System.Text.Json.JsonValueKind.String => "string",
                _ => "boolean",
            }))
        {
            return value.DeepClone();
        }

        return types switch
        {
            _ when types.Contains("object") && schema["properties"] is JsonObject properties =>
                new JsonObject(properties.Select(property => KeyValuePair.Create(property.Key, Of(message, property.Key, property.Value!.AsObject())))),
            _ when types.Contains("null") => null,
            _ when types.Contains("array") => new JsonArray(Of(message, field, schema["items"]!.AsObject())),
            _ when types.Contains("integer") => 1,
            _ when types.Contains("boolean") => true,
            _ => (string?)schema["format"] switch { "uuid" => Id, "date-time" => Time, _ => field },
        };
    }
}
