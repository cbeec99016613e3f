using DeployHub.Servers;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class OutageTests
{
    [Fact]
    public async Task While_the_database_is_down_requests_are_a_503_and_afterwards_they_work_again()
    {
        await using var postgres = await Postgres.Start();
        await using var host = new ApiHost { Postgres = await postgres.CreateDatabase("deployhub") };
        await host.InitializeAsync();
        var shop = await Inventory.WithService(host.Admin);

        await postgres.Stop();
        foreach (var path in new[] { "/health/ready", shop.Root })
        {
            var answer = await host.Admin.Get(path);
            ErrorTests.Says(answer, 503, "SERVICE_UNAVAILABLE", null);
            Assert.Equal("5", answer.Headers["Retry-After"]);
        }

        ErrorTests.Says(await host.Admin.Post(shop.DeployPath, new { imageTag = "v1" }), 503, "SERVICE_UNAVAILABLE", null);
        Assert.Equal(200, (await host.Admin.Get("/health")).Status);

        await postgres.StartAgain();
        await Eventually.Equal(200, async () => (await host.Admin.Get("/health/ready")).Status);
        Assert.Equal(202, (await host.Admin.Post(shop.DeployPath, new { imageTag = "v1" })).Status);
    }

    [Fact]
    public async Task PostgreSQL_keeps_the_same_promises_as_SQLite()
    {
        await using var postgres = await Postgres.Start(fsync: false);
        await using var host = new ApiHost { Postgres = await postgres.CreateDatabase("deployhub") };
        await host.InitializeAsync();
        var shop = await Inventory.WithService(host.Admin);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => host.Admin.Post(shop.DeployPath, new { imageTag = "v1" }, ("Idempotency-Key", "at-once"))));
        Assert.All(answers, answer => Assert.Equal((202, answers[0].Headers["Location"]), (answer.Status, answer.Headers["Location"])));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(202, (await host.Admin.Post(shop.DeployPath, new { imageTag = $"v{i}" })).Status);
        }

        var first = (await host.Admin.Get($"{shop.Root}/deployment-plans?limit=3")).Json!;
        var second = (await host.Admin.Get($"{shop.Root}/deployment-plans?limit=3&cursor={first["nextCursor"]}")).Json!;
        Assert.Equal(4, first["plans"]!.AsArray().Concat(second["plans"]!.AsArray()).Select(plan => (string)plan!["id"]!).Distinct().Count());
        ErrorTests.Says(await host.Admin.Post($"{shop.Root}/services", new { name = "api", containerImageId = shop.ImageId }), 409, "CONFLICT", "name");
        ErrorTests.Says(await host.Admin.Delete(shop.Root), 409, "CONFLICT", null);
    }

    [Fact]
    public async Task Two_hosts_that_start_at_once_share_one_admin()
    {
        await using var postgres = await Postgres.Start(fsync: false);
        var database = await postgres.CreateDatabase("deployhub");
        var token = $"set-{Guid.NewGuid():n}";
        await using var one = new ApiHost { Postgres = database, SetAdminToken = token };
        await using var other = new ApiHost { Postgres = database, SetAdminToken = token };
        await Task.WhenAll(one.InitializeAsync().AsTask(), other.InitializeAsync().AsTask());
        Assert.Single((await one.Admin.Get("/api/admin/tokens")).Json!["tokens"]!.AsArray());
        Assert.Equal(200, (await other.Admin.Get("/api/environments")).Status);
    }
}
