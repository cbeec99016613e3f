using DeployHub.Integration.Hub;
using DeployHub.Integration.Persistence;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class AccountTests(ApiHost host, Databases databases) : IClassFixture<ApiHost>
{
    private const string Accounts = "/api/admin/accounts";
    private const string Tokens = "/api/admin/tokens";

    private ApiClient Api => host.Admin;

    [Fact]
    public async Task An_account_bounds_its_tokens_at_every_request()
    {
        var (mine, other) = (await Inventory.WithService(Api), await Inventory.Bare(Api));
        var account = Inventory.Id(await Api.Create(Accounts, new { name = "shop", role = "operator", environmentIds = new[] { mine.EnvironmentId, other.EnvironmentId } }));
        using var all = host.As(await NewToken(new { name = "shop-all", role = "operator", accountId = account }));
        using var one = host.As(await NewToken(new { name = "shop-one", role = "operator", accountId = account, environmentIds = new[] { mine.EnvironmentId } }));

        Assert.Equal((200, 404), ((await one.Get(mine.Root)).Status, (await one.Get(other.Root)).Status));
        Assert.Equal((200, 200), ((await all.Get(mine.Root)).Status, (await all.Get(other.Root)).Status));
        Assert.Equal(202, (await one.Post(mine.DeployPath, new { imageTag = "v1" }, ("Idempotency-Key", "build"))).Status);

        // The account's keys: another of its tokens repeats the request.
        Assert.Equal("true", (await all.Post(mine.DeployPath, new { imageTag = "v1" }, ("Idempotency-Key", "build"))).Headers["Idempotent-Replayed"]);

        await Change(account, new { environmentIds = new[] { other.EnvironmentId } });
        Assert.Equal((404, 404), ((await one.Get(mine.Root)).Status, (await one.Get(other.Root)).Status));
        Assert.Equal((404, 200), ((await all.Get(mine.Root)).Status, (await all.Get(other.Root)).Status));

        await Change(account, new { environmentIds = (string[]?)null, role = "viewer" });
        Assert.Equal((200, 404), ((await one.Get(mine.Root)).Status, (await one.Get(other.Root)).Status));
        ErrorTests.Says(await all.Post(mine.DeployPath, new { imageTag = "v1" }), 403, "FORBIDDEN_ROLE", null);

        Assert.NotNull((string?)(await Change(account, new { disabled = true }))["disabledAt"]);
        ErrorTests.Says(await all.Get(mine.Root), 401, "UNAUTHORIZED", "Authorization");
        ErrorTests.Says(await Api.Post(Tokens, new { name = "late", role = "viewer", accountId = account }), 409, "CONFLICT", "accountId");
        await Change(account, new { disabled = false });
        Assert.Equal(200, (await all.Get(mine.Root)).Status);
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_field()
    {
        var (mine, other) = (await Inventory.Bare(Api), await Inventory.Bare(Api));
        var account = Inventory.Id(await Api.Create(
            Accounts, new { name = "limited", role = "operator", environmentIds = new[] { mine.EnvironmentId }, brokerUser = "limited-user" }));
        var unknown = Guid.NewGuid();
        foreach (var (path, body, status, field) in new (string, object, int, string?)[]
        {
            (Accounts, new { name = "limited", role = "viewer" }, 409, "name"),
            (Accounts, new { name = "second", role = "viewer", brokerUser = "limited-user" }, 409, "brokerUser"),
            (Accounts, new { name = "second", role = "viewer", brokerUser = "" }, 400, "brokerUser"),
            (Accounts, new { name = "second", role = "root" }, 400, "role"),
            (Accounts, new { name = "second", role = "viewer", environmentIds = Array.Empty<string>() }, 400, "environmentIds"),
            (Accounts, new { name = "second", role = "viewer", environmentIds = new[] { mine.EnvironmentId, unknown.ToString() } }, 400, "environmentIds[1]"),
            (Accounts, new { name = "second", role = "viewer", environmentIds = new[] { mine.EnvironmentId, mine.EnvironmentId } }, 400, "environmentIds[1]"),
            (Tokens, new { name = "t", role = "admin", accountId = account }, 400, "role"),
            (Tokens, new { name = "t", role = "viewer", accountId = unknown }, 400, "accountId"),
            (Tokens, new { name = "t", role = "viewer", accountId = account, environmentIds = new[] { other.EnvironmentId } }, 400, "environmentIds[0]"),
            (Tokens, new { name = "limited", role = "viewer" }, 409, "accountId"),
        })
        {
            var answer = await Api.Post(path, body);
            Assert.True(answer.Status == status, $"{path} {body}: {answer.Status} {answer.Text}");
            ErrorTests.Says(answer, status, status == 400 ? "VALIDATION_ERROR" : "CONFLICT", field);
        }

        ErrorTests.Says(await Api.Patch($"{Accounts}/{account}", new { name = "other" }), 400, "READONLY_FIELD", "name");
        ErrorTests.Says(await Api.Patch($"{Accounts}/{unknown}", new { disabled = true }), 404, "NOT_FOUND", null);
    }

    [Fact]
    public async Task An_account_is_deleted_once_it_has_no_valid_token()
    {
        var account = Inventory.Id(await Api.Create(Accounts, new { name = "passing", role = "viewer" }));
        var token = Inventory.Id((await Api.Post(Tokens, new { name = "passing-1", role = "viewer", accountId = account })).Json!["token"]!);
        ErrorTests.Says(await Api.Delete($"{Accounts}/{account}"), 409, "CONFLICT", null);
        Assert.Equal(204, (await Api.Delete($"{Tokens}/{token}")).Status);
        Assert.Equal(204, (await Api.Delete($"{Accounts}/{account}")).Status);
        Assert.Equal(404, (await Api.Get($"{Accounts}/{account}")).Status);
    }

    [Theory]
    [MemberData(nameof(Databases.Providers), MemberType = typeof(Databases))]
    public async Task The_last_valid_admin_that_sees_all_environments_stays(Provider provider)
    {
        await using var database = await databases.New(provider);
        await using var other = new ApiHost { Postgres = database.Options.Postgres };
        await other.InitializeAsync();
        var environment = Inventory.Id(await other.Admin.Create("/api/environments", new { name = "only" }));
        var admin = (await other.Admin.Get(Tokens)).Json!["tokens"]![0]!;
        var (token, account) = ((string)admin["id"]!, (string)admin["accountId"]!);

        // None of these is one: of one environment, of a disabled account, of a lower account, expired.
        Assert.Equal(201, (await other.Admin.Post(Tokens, new { name = "limited", role = "admin", environmentIds = new[] { environment } })).Status);
        var disabled = (string)(await other.Admin.Post(Tokens, new { name = "disabled", role = "admin" })).Json!["token"]!["accountId"]!;
        var lowered = (string)(await other.Admin.Post(Tokens, new { name = "lowered", role = "admin" })).Json!["token"]!["accountId"]!;
        var expired = Guid.Parse((string)(await other.Admin.Post(Tokens, new { name = "expired", role = "admin" })).Json!["token"]!["id"]!);
        Assert.Equal(200, (await other.Admin.Patch($"{Accounts}/{disabled}", new { disabled = true })).Status);
        Assert.Equal(200, (await other.Admin.Patch($"{Accounts}/{lowered}", new { role = "operator" })).Status);
        await other.Edit(db => db.ApiTokens.Where(x => x.Id == expired).ExecuteUpdateAsync(set => set.SetProperty(x => x.ExpiresAt, DateTime.UtcNow.AddSeconds(-1))));

        ErrorTests.Says(await other.Admin.Delete($"{Tokens}/{token}"), 409, "CONFLICT", null);
        ErrorTests.Says(await other.Admin.Delete($"{Accounts}/{account}"), 409, "CONFLICT", null);
        foreach (var change in new object[] { new { disabled = true }, new { role = "operator" }, new { environmentIds = new[] { environment } } })
        {
            ErrorTests.Says(await other.Admin.Patch($"{Accounts}/{account}", change), 409, "CONFLICT", null);
        }

        // With two, of all that would take both away at once, one stays.
        var second = await other.Admin.Post(Tokens, new { name = "second", role = "admin" });
        using var also = other.As((string)second.Json!["secret"]!);
        var answers = await Task.WhenAll(
            other.Admin.Delete($"{Tokens}/{second.Json["token"]!["id"]}"), also.Patch($"{Accounts}/{account}", new { disabled = true }), also.Delete($"{Tokens}/{token}"));
        Assert.Contains(answers, x => x.Status is 401 or 409);
        Assert.True((await other.Admin.Get(Tokens)).Status == 200 || (await also.Get(Tokens)).Status == 200, string.Join(", ", answers.Select(x => x.Status)));
    }

    private async Task<System.Text.Json.Nodes.JsonNode> Change(string account, object change)
    {
        var answer = await Api.Patch($"{Accounts}/{account}", change);
        Assert.True(answer.Status == 200, $"{answer.Status} {answer.Text}");
        return answer.Json!["account"]!;
    }

    private async Task<string> NewToken(object token)
    {
        var answer = await Api.Post(Tokens, token);
        Assert.True(answer.Status == 201, $"{answer.Status} {answer.Text}");
        return (string)answer.Json!["secret"]!;
    }
}
