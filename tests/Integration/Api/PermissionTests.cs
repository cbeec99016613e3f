using System.Text.RegularExpressions;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Tokens;
using DeployHub.Integration.Hub;
using DeployHub.Intake.Access;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace DeployHub.Integration.Api;

/// <summary>Every route of the document, with every kind of token: as the access table says.</summary>
public sealed partial class PermissionTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly HashSet<string> OfEachRequest = new(["Date", "X-Request-Id"], StringComparer.OrdinalIgnoreCase);

    private static readonly Role[] Roles = [Role.Viewer, Role.Operator, Role.Admin];

    // No route takes this field, so that a request that is let in changes nothing.
    private const string Unfit = "{\"nonesuch\":1}";

    [Fact]
    public async Task Without_a_token_that_is_valid_every_route_but_the_open_ones_is_a_401()
    {
        var refused = new Dictionary<string, string?> { ["none"] = null, ["empty"] = "", ["bad"] = "dhub_unknown", ["longer"] = host.AdminToken + "x" };
        foreach (var kind in new[] { "expired", "revoked", "disabled" })
        {
            refused[kind] = await NewToken($"matrix-{kind}", Role.Admin);
        }

        await Spoil();
        foreach (var (kind, token) in refused)
        {
            using var api = host.As(token);
            await Walk(async (row, method, route) =>
            {
                var answer = await api.Send(method, Fill(route), Takes(method) ? Unfit : null);
                if (row.Role is null)
                {
                    Assert.True(answer.Status == 200, $"{kind}: {row.Name} {answer.Status}");
                    return;
                }

                Assert.True(answer.Status == 401, $"{kind}: {row.Name} {answer.Status} {answer.Text}");
                ErrorTests.Says(answer, 401, "UNAUTHORIZED", "Authorization");
                Assert.Equal("Bearer", answer.Headers["WWW-Authenticate"]);
            });
        }
    }

    [Fact]
    public async Task Each_role_may_use_the_routes_of_its_rows_and_no_other()
    {
        foreach (var role in Roles)
        {
            using var api = host.As(await NewToken($"matrix-{role}", role));
            await Walk(async (row, method, route) =>
            {
                var answer = await api.Send(method, Fill(route), Takes(method) ? Unfit : null);
                if (role < row.Role)
                {
                    Assert.True(answer.Status == 403, $"{role}: {row.Name} {answer.Status} {answer.Text}");
                    ErrorTests.Says(answer, 403, "FORBIDDEN_ROLE", null);
                }
                else
                {
                    Assert.False(answer.Status is 401 or 403 or 429 or 500, $"{role}: {row.Name} {answer.Status} {answer.Text}");
                }
            });
        }
    }

    [Fact]
    public async Task A_token_of_one_environment_sees_no_trace_of_another_on_any_route()
    {
        var (mine, theirs) = (await Town.Make(host.Admin), await Town.Make(host.Admin));
        using var admin = host.As(await NewToken("matrix-limited", Role.Admin, mine["environment"]));
        await Children_of_others_are_not_found_under_my_own(admin, mine, theirs);
        await Bodies_that_name_what_is_anothers_are_told_what_unknown_ids_are_told(admin, mine, theirs);
        await Batches_are_out_of_scope(admin, mine, theirs);
        foreach (var role in Roles)
        {
            using var api = host.As(await NewToken($"matrix-limited-{role}", role, mine["environment"]));
            await Walk((row, method, route) => Check(api, role, row, method, route, mine, theirs));
        }

        await Done_actions_are_those_of_the_table();
    }

    [Fact]
    public async Task One_engine_in_two_environments_tells_nothing_of_the_others_plans()
    {
        var (mine, theirs) = (await Inventory.WithService(host.Admin), await Inventory.WithService(host.Admin));
        var servers = new[] { Guid.Parse(mine.ServerId), Guid.Parse(theirs.ServerId) };
        await host.Edit(db => db.Servers.Where(x => servers.Contains(x.Id)).ExecuteUpdateAsync(set => set.SetProperty(x => x.EngineId, mine.ServerId)));
        using var limited = host.As(await NewToken("matrix-engine", Role.Operator, mine.EnvironmentId));
        var ahead = (string)(await host.Admin.Post(theirs.DeployPath, new { imageTag = "v1" })).Json!["plan"]!["id"]!;

        foreach (var (api, tells) in new[] { (limited, false), (host.Admin, true) })
        {
            var rejected = await api.Post(mine.DeployPath, new { imageTag = "v1", onConflict = "reject" });
            ErrorTests.Says(rejected, 409, "CONFLICT", "onConflict");
            Assert.Equal(tells, rejected.Text.Contains(ahead, StringComparison.Ordinal));
        }

        var plan = Guid.Parse((string)(await limited.Post(mine.DeployPath, new { imageTag = "v1" })).Json!["plan"]!["id"]!);
        await host.Edit(db => db.Plans.Where(x => x.Id == plan).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, PlanStatus.Queued)));
        foreach (var (api, id) in new[] { (limited, (string?)null), (host.Admin, ahead) })
        {
            var waits = Assert.Single((await api.Get($"/api/deployment-plans/{plan}")).Json!["plan"]!["waitsFor"]!.AsArray())!;
            Assert.Equal((id, null, "pending", "api"), ((string?)waits["planId"], (string?)waits["batchId"], (string?)waits["status"], (string?)waits["targets"]![0]));
        }
    }

    private async Task Check(ApiClient api, Role role, AccessRow row, HttpMethod method, string route, Town mine, Town theirs)
    {
        var (what, body) = ($"{role}: {row.Name}", Takes(method) ? Unfit : null);
        if (role < row.Role)
        {
            ErrorTests.Says(await api.Send(method, theirs.Path(route) ?? Fill(route), body), 403, "FORBIDDEN_ROLE", null);
        }
        else if (row.Scope == Scope.Global)
        {
            ErrorTests.Says(await api.Send(method, mine.Path(route) ?? Fill(route), body), 403, "FORBIDDEN_SCOPE", null);
        }
        else if (row.Scope == Scope.Listed)
        {
            var listed = await api.Send(method, row.Name == "GET /api/status" ? route : $"{route}?limit=200", body);
            Assert.True(listed.Status == 200, $"{what} {listed.Status}");
            Assert.Contains(mine["environment"], listed.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(theirs["environment"], listed.Text, StringComparison.Ordinal);
        }
        else if (row.Scope == Scope.OfObject)
        {
            var foreign = await api.Send(method, theirs.Path(route)!, body);
            Assert.True(foreign.Status == 404, $"{what} {foreign.Status} {foreign.Text}");
            Assert.Equal(Told(await api.Send(method, Fill(route), body)), Told(foreign));
            if (route.Count(x => x == '{') == 1)
            {
                // Nor does what is not there look otherwise to who sees everything.
                Assert.Equal(Told(await host.Admin.Send(method, Fill(route), Proper(row))), Told(foreign));
            }

            var own = await api.Send(method, mine.Path(route)!, body);
            Assert.False(own.Status is 401 or 403 or 404 or 429 or 500, $"{what} {own.Status} {own.Text}");
        }
    }

    private static async Task Children_of_others_are_not_found_under_my_own(ApiClient admin, Town mine, Town theirs)
    {
        foreach (var (method, path, child, body) in new[]
        {
            (HttpMethod.Get, $"/api/services/{mine["service"]}/deployments/", theirs["deployment"], null),
            (HttpMethod.Patch, $"/api/services/{mine["service"]}/deployments/", theirs["deployment"], "{\"containerName\":\"taken\"}"),
            (HttpMethod.Delete, $"/api/services/{mine["service"]}/deployments/", theirs["deployment"], null),
            (HttpMethod.Patch, $"/api/services/{mine["service"]}/files/", theirs["attachment"], "{\"targetPath\":\"/opt/b\"}"),
            (HttpMethod.Delete, $"/api/services/{mine["service"]}/files/", theirs["attachment"], null),
            (HttpMethod.Post, $"/api/config-files/{mine["file"]}/restore/", theirs["version"], null),
        })
        {
            var foreign = await admin.Send(method, path + child, body);
            Assert.True(foreign.Status == 404, $"{method} {path}: {foreign.Status} {foreign.Text}");
            Assert.Equal(Told(await admin.Send(method, path + Guid.NewGuid(), body)), Told(foreign));
        }
    }

    private static async Task Bodies_that_name_what_is_anothers_are_told_what_unknown_ids_are_told(ApiClient admin, Town mine, Town theirs)
    {
        var root = mine.Shop.Root;
        foreach (var (path, body, id) in new (string, string, string)[]
        {
            ($"{root}/services", "{\"name\":\"s\",\"containerImageId\":\"ID\"}", theirs["image"]),
            ($"{root}/container-images", "{\"name\":\"i\",\"imageName\":\"registry.example.com/i\",\"registryConnectionId\":\"ID\"}", theirs["registry"]),
            ($"/api/services/{mine["service"]}/deployments", "{\"serverId\":\"ID\"}", theirs["server"]),
            ($"/api/services/{mine["service"]}/files", "{\"configFileId\":\"ID\",\"targetPath\":\"/opt/c\"}", theirs["file"]),
            ($"/api/services/{mine["service"]}/files", $"{{\"configFileId\":\"{mine["file"]}\",\"serviceDeploymentId\":\"ID\",\"targetPath\":\"/opt/c\"}}", theirs["deployment"]),
            (mine.Shop.DeployPath, "{\"imageDigestId\":\"ID\"}", theirs["digest"]),
        })
        {
            var foreign = await admin.Post(path, body.Replace("ID", id, StringComparison.Ordinal));
            Assert.True(foreign.Status is 400 or 404, $"{path}: {foreign.Status} {foreign.Text}");
            Assert.Equal(Told(await admin.Post(path, body.Replace("ID", Guid.NewGuid().ToString(), StringComparison.Ordinal))), Told(foreign));
        }
    }

    private static async Task Batches_are_out_of_scope(ApiClient admin, Town mine, Town theirs)
    {
        foreach (var query in new[] { "", "?dryRun=true" })
        {
            var foreign = await admin.Post($"/api/sync/batch{query}", Files.Batch(mine["file"], theirs["file"]), ("Idempotency-Key", "matrix-batch"));
            ErrorTests.Says(foreign, 403, "FORBIDDEN_SCOPE", "operations[1].configFileId");
            Assert.Equal(Told(await admin.Post($"/api/sync/batch{query}", Files.Batch(mine["file"], Guid.NewGuid().ToString()), ("Idempotency-Key", "matrix-batch"))), Told(foreign));
        }

        Assert.Equal(202, (await admin.Post("/api/sync/batch", Files.Batch(mine["file"]), ("Idempotency-Key", "matrix-batch"))).Status);
    }

    // A done entry and a refused one of the same route must be found under the same word.
    private async Task Done_actions_are_those_of_the_table()
    {
        List<string> done = [];
        await host.Edit(async db => done = await db.AuditEntries.Where(x => x.Result == AuditResult.Done).Select(x => x.Action).Distinct().ToListAsync());
        Assert.NotEmpty(done);
        Assert.Subset(AccessTable.Routes.Select(row => row.Action).ToHashSet(), done.ToHashSet());
    }

    private async Task Walk(Func<AccessRow, HttpMethod, string, Task> check)
    {
        var paths = (await host.As(null).Get("/openapi.json")).Json!["paths"]!.AsObject();
        var rows = AccessTable.Routes.ToDictionary(row => row.Name);

        // What takes something away comes last, so that the rest is still there to be tried.
        var routes = paths.SelectMany(path => path.Value!.AsObject().Select(x => (Route: path.Key, Method: new HttpMethod(x.Key.ToUpperInvariant()))))
            .OrderBy(x => x.Method == HttpMethod.Delete).ToList();
        Assert.Equal(rows.Keys.Except(["GET /openapi.json", "GET /asyncapi.json"]).Order(), routes.Select(x => $"{x.Method} {x.Route}").Order());
        await Assert.MultipleAsync([.. routes.Select(x => (Func<Task>)(() => check(rows[$"{x.Method} {x.Route}"], x.Method, x.Route)))]);
    }

    private async Task<string> NewToken(string name, Role role, params string[] environments)
    {
        var body = new { name = $"{name}-{Guid.NewGuid():n}", role = role.ToString().ToLowerInvariant(), environmentIds = environments.Length > 0 ? environments : null };
        return (string)(await host.Admin.Post("/api/admin/tokens", body)).Json!["secret"]!;
    }

    // As time, an admin and another admin do.
    private async Task Spoil()
    {
        var tokens = (await host.Admin.Get("/api/admin/tokens?limit=200")).Json!["tokens"]!.AsArray();
        string Find(string kind, string field) => (string)tokens.Single(x => ((string)x!["name"]!).StartsWith($"matrix-{kind}-", StringComparison.Ordinal))![field]!;
        var expired = Guid.Parse(Find("expired", "id"));
        await host.Edit(db => db.ApiTokens.Where(x => x.Id == expired).ExecuteUpdateAsync(set => set.SetProperty(x => x.ExpiresAt, DateTime.UtcNow.AddSeconds(-1))));
        Assert.Equal(204, (await host.Admin.Delete($"/api/admin/tokens/{Find("revoked", "id")}")).Status);
        Assert.Equal(200, (await host.Admin.Patch($"/api/admin/accounts/{Find("disabled", "accountId")}", new { disabled = true })).Status);
    }

    private static bool Takes(HttpMethod method) => method == HttpMethod.Post || method == HttpMethod.Patch;

    private static string Fill(string route) => Parameter().Replace(route, _ => Guid.NewGuid().ToString());

    // A body that an admin's request for something unknown gets past, so that it is the id that is refused.
    private static string? Proper(AccessRow row) => row.Name switch
    {
        "POST /api/environments/{envId}/servers" => "{\"name\":\"x\",\"endpoint\":\"unix:///x\"}",
        "POST /api/environments/{envId}/registries" => "{\"name\":\"x\",\"registryUrl\":\"x.example.com\"}",
        "POST /api/environments/{envId}/container-images" => "{\"name\":\"x\",\"imageName\":\"x\"}",
        "POST /api/environments/{envId}/services" => $"{{\"name\":\"x\",\"containerImageId\":\"{Guid.NewGuid()}\"}}",
        "POST /api/environments/{envId}/config-files" => "{\"name\":\"x\",\"filename\":\"x\",\"content\":\"x\"}",
        "POST /api/environments/{envId}/vars" or "POST /api/environments/{envId}/secrets" => "{\"name\":\"X\",\"value\":\"x\"}",
        "POST /api/container-images/{id}/deploy" => "{\"imageTag\":\"x\"}",
        "POST /api/container-images/{id}/digests" => "{\"manifestDigest\":\"sha256:" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}",
        "POST /api/services/{id}/deployments" => $"{{\"serverId\":\"{Guid.NewGuid()}\"}}",
        "POST /api/services/{id}/files" => $"{{\"configFileId\":\"{Guid.NewGuid()}\",\"targetPath\":\"/opt/x\"}}",
        _ when row.Name.StartsWith("PATCH ", StringComparison.Ordinal) => "{}",
        _ => null,
    };

    // All that the caller is told, but for the id that it named itself, and what is each request's own.
    private static string Told(Answer answer) => Id().Replace(RequestId().Replace(answer.Text, ""), "ID") + $"\n{answer.Status} "
        + string.Join(", ", answer.Headers.Where(x => !OfEachRequest.Contains(x.Key)).OrderBy(x => x.Key, StringComparer.Ordinal).Select(x => $"{x.Key}: {x.Value}"));

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex Id();

    [GeneratedRegex("\"requestId\":\"[^\"]*\"")]
    private static partial Regex RequestId();
}
