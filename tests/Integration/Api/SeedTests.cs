using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;

namespace DeployHub.Integration.Api;

/// <summary>The two main endpoints, as programs know them that were written against the API which they come from: at least that, more is optional.</summary>
public sealed class SeedTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly string[] Codes =
    [
        "VALIDATION_ERROR", "READONLY_FIELD", "UNAUTHORIZED", "FORBIDDEN_SCOPE", "FORBIDDEN_ROLE", "NOT_FOUND", "CONFLICT", "IDEMPOTENCY_KEY_REUSED", "RATE_LIMITED",
        "SERVICE_UNAVAILABLE", "INTERNAL",
    ];

    [Fact]
    public async Task A_deploy_is_documented_as_it_was()
    {
        var (document, operation, body) = await Operation("/api/container-images/{id}/deploy");
        var id = operation["parameters"]!.AsArray().Single(x => (string)x!["name"]! == "id")!;
        Assert.Equal(("path", true, "string"), ((string)id["in"]!, (bool)id["required"]!, (string)id["schema"]!["type"]!));
        Assert.Equal("Deploy a container image to all linked services", (string)operation["summary"]!);

        Assert.Null(body["required"]);
        foreach (var field in new[] { "imageTag", "imageDigestId" })
        {
            Assert.Contains("string", Types(body["properties"]![field]!));
            Assert.Equal(1, (int)body["properties"]![field]!["minLength"]!);
        }

        Assert.Equal(("boolean", true), (Types(body["properties"]!["autoRollback"]!).Single(), (bool)body["properties"]!["autoRollback"]!["default"]!));
        Assert.All(body["properties"]!.AsObject().Where(x => x.Key is not ("imageTag" or "imageDigestId" or "autoRollback")), x => Assert.NotNull(x.Value!["default"]));
        Fails(document, operation, "400", "401", "404", "500");
    }

    [Fact]
    public async Task A_batch_is_documented_as_it_was()
    {
        var (document, operation, body) = await Operation("/api/sync/batch");
        Assert.Equal("Execute (or replay) a transactional batch of config-file syncs", (string)operation["summary"]!);

        Assert.Equal(["operations"], body["required"]!.AsArray().Select(x => (string)x!));
        var operations = body["properties"]!["operations"]!;
        Assert.Equal(("array", 1, 50), ((string)operations["type"]!, (int)operations["minItems"]!, (int)operations["maxItems"]!));
        var one = document["components"]!["schemas"]![((string)operations["items"]!["$ref"]!).Split('/')[^1]]!;
        Assert.Equal(["configFileId", "type"], one["required"]!.AsArray().Select(x => (string)x!).Order());
        Assert.Equal(["config-file-sync"], one["properties"]!["type"]!["enum"]!.AsArray().Select(x => (string)x!));
        Assert.Equal(("string", 1), ((string)one["properties"]!["configFileId"]!["type"]!, (int)one["properties"]!["configFileId"]!["minLength"]!));
        Assert.Equal(("boolean", true), (Types(body["properties"]!["rollbackOnFailure"]!).Single(), (bool)body["properties"]!["rollbackOnFailure"]!["default"]!));
        Fails(document, operation, "400", "401", "403", "409");
    }

    // What the document says is also what is done; the rest of the rules is in DeployTests and SyncBatchTests.
    [Fact]
    public async Task What_was_taken_is_taken_and_what_was_refused_is_refused()
    {
        var shop = await Inventory.WithService(host.Admin);
        var accepted = await host.Admin.Post(shop.DeployPath, """{"imageTag": "v1", "autoRollback": true}""");
        Assert.Equal((202, true), (accepted.Status, (bool)accepted.Json!["plan"]!["autoRollback"]!));
        Assert.True((bool)(await host.Admin.Post(shop.DeployPath, """{"imageTag": "v1"}""")).Json!["plan"]!["autoRollback"]!);
        ErrorTests.Says(await host.Admin.Post(shop.DeployPath, """{"imageTag": ""}"""), 400, "VALIDATION_ERROR", "imageTag");
        ErrorTests.Says(await host.As(null).Post(shop.DeployPath, """{"imageTag": "v1"}"""), 401, "UNAUTHORIZED", "Authorization");
        ErrorTests.Says(await host.Admin.Post("/api/sync/batch", """{"operations": []}"""), 400, "VALIDATION_ERROR", "operations");
        ErrorTests.Says(await host.Admin.Post("/api/sync/batch", """{"operations": [{"type": "config-file-sync", "configFileId": ""}]}"""), 400, "VALIDATION_ERROR", "operations[0].configFileId");
        ErrorTests.Says(await host.Admin.Post("/api/sync/batch", """{"operations": [{"type": "other", "configFileId": "x"}]}"""), 400, "VALIDATION_ERROR", "operations[0].type");
    }

    private async Task<(JsonNode Document, JsonNode Operation, JsonNode Body)> Operation(string path)
    {
        var document = (await host.Admin.Get("/openapi.json")).Json!;
        var operation = document["paths"]![path]!["post"]!;
        var schema = operation["requestBody"]!["content"]!["application/json"]!["schema"]!;
        return (document, operation, document["components"]!["schemas"]![((string)schema["$ref"]!).Split('/')[^1]]!);
    }

    private static void Fails(JsonNode document, JsonNode operation, params string[] statuses)
    {
        Assert.Subset(operation["responses"]!.AsObject().Select(x => x.Key).ToHashSet(), statuses.ToHashSet());
        var error = document["components"]!["schemas"]!["Error"]!;
        Assert.Equal(Codes.Order(), error["properties"]!["code"]!["enum"]!.AsArray().Select(x => (string)x!).Order());
        Assert.All(new[] { "code", "message", "field", "hint", "requestId" }, field => Assert.Equal("string", (string)error["properties"]![field]!["type"]!));
        Assert.Equal(["code", "message", "requestId"], error["required"]!.AsArray().Select(x => (string)x!).Order());
    }

    private static List<string> Types(JsonNode schema) => schema["type"] is JsonArray several ? [.. several.Select(x => (string)x!)] : [(string)schema["type"]!];
}
