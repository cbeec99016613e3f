using DeployHub.Integration.Hub;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class AccessTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_token_is_shown_once_and_revoked_at_once()
    {
        var made = await host.Admin.Post("/api/admin/tokens", new { name = "short-lived", role = "viewer" });
        var secret = (string)made.Json!["secret"]!;
        Assert.Matches("^dhub_[A-Za-z0-9_-]{43}$", secret);
        using var viewer = host.As(secret);
        Assert.Equal(200, (await viewer.Get("/api/environments")).Status);

        var list = await host.Admin.Get("/api/admin/tokens");
        Assert.DoesNotContain(secret, list.Text, StringComparison.Ordinal);
        Assert.Equal(204, (await host.Admin.Delete($"/api/admin/tokens/{made.Json["token"]!["id"]}")).Status);
        ErrorTests.Says(await viewer.Get("/api/environments"), 401, "UNAUTHORIZED", "Authorization");
    }

    [Fact]
    public async Task Each_role_may_do_what_the_one_before_it_may_and_more()
    {
        var shop = await Inventory.WithService(host.Admin);
        using var viewer = host.As(await NewToken("a-viewer", "viewer"));
        using var deployer = host.As(await NewToken("an-operator", "operator"));

        Assert.Equal(200, (await viewer.Get(shop.Root)).Status);
        ErrorTests.Says(await viewer.Post(shop.DeployPath, new { imageTag = "v1" }), 403, "FORBIDDEN_ROLE", null);
        Assert.Equal(202, (await deployer.Post(shop.DeployPath, new { imageTag = "v1" })).Status);
        ErrorTests.Says(await deployer.Post("/api/environments", new { name = "mine" }), 403, "FORBIDDEN_ROLE", null);
        ErrorTests.Says(await deployer.Get("/api/audit-logs"), 403, "FORBIDDEN_ROLE", null);
    }

    [Theory]
    [InlineData("{\"name\":\"x\",\"role\":\"root\"}", "role")]
    [InlineData("{\"name\":\"x\",\"role\":1}", "role")]
    [InlineData("{\"name\":\"x\"}", "role")]
    [InlineData("{\"name\":\"x\",\"role\":\"viewer\",\"expiresAt\":\"2001-01-01T00:00:00Z\"}", "expiresAt")]
    [InlineData("{\"name\":\"x\",\"role\":\"viewer\",\"expiresAt\":\"soon\"}", "expiresAt")]
    public async Task A_token_that_cannot_be_is_a_400(string body, string field) =>
        ErrorTests.Says(await host.Admin.Post("/api/admin/tokens", body), 400, "VALIDATION_ERROR", field);

    [Fact]
    public async Task Health_and_documents_need_no_token()
    {
        using var nobody = host.As(null);
        foreach (var path in new[] { "/health", "/health/ready", "/openapi.json", "/docs/index.html" })
        {
            Assert.Equal(200, (await nobody.Get(path)).Status);
        }
    }

    [Fact]
    public async Task Every_change_is_in_the_audit_log_under_its_request_id()
    {
        var name = $"audited-{Guid.NewGuid():n}";
        var made = await host.Admin.Post("/api/environments", new { name }, ("X-Request-Id", name[..40]));
        var entry = (await host.Admin.Get("/api/audit-logs?limit=200")).Json!["auditLogs"]!.AsArray().Single(x => (string?)x!["requestId"] == name[..40]);
        Assert.Equal(("admin", "environment.create"), ((string)entry!["actor"]!, (string)entry["action"]!));
        Assert.Equal((string)made.Json!["environment"]!["id"]!, (string)entry["targetId"]!);
    }

    private async Task<string> NewToken(string name, string role) => (string)(await host.Admin.Post("/api/admin/tokens", new { name, role })).Json!["secret"]!;
}
