using System.Net;
using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;
using DeployHub.Servers;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class AuditTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Changes_and_refused_tries_are_found_by_who_what_where_and_when()
    {
        var (mine, theirs) = (await Inventory.Bare(host.Admin), await Inventory.Bare(host.Admin));
        var name = $"knocker-{Guid.NewGuid():n}";
        var made = (await host.Admin.Post("/api/admin/tokens", new { name, role = "admin", environmentIds = new[] { mine.EnvironmentId } })).Json!;
        using var limited = host.As((string)made["secret"]!);

        var start = DateTime.UtcNow.ToString("O");
        Assert.Equal(200, (await limited.Patch($"/api/servers/{mine.ServerId}", new { name = "web-9" })).Status);
        Assert.Equal(404, (await limited.Get($"/api/servers/{theirs.ServerId}")).Status);
        Assert.Equal(403, (await limited.Post("/api/environments", new { name = "x" })).Status);
        Assert.Equal(400, (await limited.Patch($"/api/servers/{mine.ServerId}", new { name = "" })).Status);
        Assert.Equal(404, (await limited.Get($"/api/container-images/{Guid.NewGuid()}")).Status);
        using var unknown = host.As("dhub_unknown");
        Assert.Equal(401, (await unknown.Get($"/api/servers/{mine.ServerId}")).Status);
        Assert.Equal(401, (await unknown.Get($"/api/servers/{mine.ServerId}")).Status);
        Assert.Equal(204, (await host.Admin.Delete($"/api/admin/tokens/{made["token"]!["id"]}")).Status);
        Assert.Equal(401, (await limited.Get("/api/environments")).Status);

        var refused = await Eventually.Value(() => List($"?actor={name}&result=refused"), entries => entries.Count == 5);
        Assert.Equal(
            ["environment.list UNAUTHORIZED", "container_image.read NOT_FOUND", "server.update VALIDATION_ERROR", "environment.create FORBIDDEN_SCOPE", "server.read NOT_FOUND"],
            refused.Select(x => $"{x["action"]} {x["errorCode"]}"));
        Assert.All(refused, x => Assert.Equal(
            (name, (string)made["token"]!["accountId"]!, (string)made["token"]!["id"]!, "127.0.0.1", 1),
            ((string)x["account"]!, (string)x["accountId"]!, (string)x["tokenId"]!, (string)x["remoteAddress"]!, (int)x["tries"]!)));
        Assert.All(refused, x => Assert.StartsWith("req_", (string)x["requestId"]!, StringComparison.Ordinal));

        // The try is kept where it was made, though the caller was not told that there is such a thing.
        var there = Assert.Single(await List($"?target={theirs.ServerId}&result=refused"));
        Assert.Equal(theirs.EnvironmentId, (string)there["environmentId"]!);
        Assert.Single(await List($"?environment={theirs.EnvironmentId}&action=server.read"));

        var done = Assert.Single(await List($"?actor={name}&result=done&from={start}"));
        Assert.Equal(("server.update", mine.ServerId), ((string)done["action"]!, (string)done["targetId"]!));
        Assert.Empty(await List($"?actor={name}&to={start}"));
        Assert.Single(await List($"?actor=(unknown)&target={mine.ServerId}"));

        // An environment's log has what lies in it, and pages over it.
        var first = await host.Admin.Get($"{mine.Root}/audit-logs?limit=2");
        var second = await host.Admin.Get($"{mine.Root}/audit-logs?limit=200&cursor={first.Json!["nextCursor"]}");
        var all = first.Json["auditLogs"]!.AsArray().Concat(second.Json!["auditLogs"]!.AsArray()).ToList();
        Assert.All(all, x => Assert.Equal(mine.EnvironmentId, (string)x!["environmentId"]!));
        Assert.Equal(all.Count, all.Select(x => (string)x!["id"]!).Distinct().Count());
        Assert.Contains(all, x => (string)x!["action"]! == "server.update" && (string)x["result"]! == "done");
    }

    [Fact]
    public async Task Where_a_request_came_from_is_what_a_trusted_proxy_says_and_nobody_else()
    {
        await using var behind = new ApiHost { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] };
        await behind.InitializeAsync();
        foreach (var (api, address) in new[] { (behind.Admin, "203.0.113.7"), (host.Admin, "127.0.0.1") })
        {
            var made = await api.Post("/api/environments", new { name = $"e-{Guid.NewGuid():n}" }, ("X-Forwarded-For", "203.0.113.7"));
            var log = await api.Get($"/api/audit-logs?target={made.Json!["environment"]!["id"]}");
            Assert.Equal(address, (string)Assert.Single(log.Json!["auditLogs"]!.AsArray())!["remoteAddress"]!);
        }
    }

    [Theory]
    [InlineData("result=maybe", "result")]
    [InlineData("target=7", "target")]
    [InlineData("environment=x", "environment")]
    [InlineData("from=yesterday", "from")]
    [InlineData("to=1", "to")]
    public async Task A_filter_that_cannot_be_is_a_400(string query, string field) =>
        ErrorTests.Says(await host.Admin.Get($"/api/audit-logs?{query}"), 400, "VALIDATION_ERROR", field);

    private async Task<List<JsonNode>> List(string query) => [.. (await host.Admin.Get($"/api/audit-logs{query}")).Json!["auditLogs"]!.AsArray().Select(x => x!)];
}
