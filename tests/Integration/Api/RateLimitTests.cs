using System.Globalization;
using DeployHub.Hosting;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class RateLimitTests
{
    [Fact]
    public async Task Too_many_requests_are_a_429_that_says_when_to_come_again()
    {
        await using var host = new ApiHost { RateLimits = new RateLimitSettings(PerToken: 6, PerAddress: 20, FailuresPerAddress: 3) };
        await host.InitializeAsync();
        using var bad = host.As("dhub_unknown");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(401, (await bad.Get("/api/environments")).Status);
        }

        Is429(await bad.Get("/api/environments"));

        // Somebody's bad tokens shut nobody out who has a good one; another token has its own limit.
        var viewer = (string)(await host.Admin.Post("/api/admin/tokens", new { name = "viewer", role = "viewer" })).Json!["secret"]!;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(200, (await host.Admin.Get("/api/environments")).Status);
        }

        Is429(await host.Admin.Get("/api/environments"));
        using var other = host.As(viewer);
        Assert.Equal(200, (await other.Get("/api/environments")).Status);

        // What comes from one address is limited whatever the token, but health and documents are not.
        for (var i = 0; i < 20; i++)
        {
            await other.Get("/api/environments");
        }

        using var nobody = host.As(null);
        Is429(await nobody.Get("/api/environments"));
        Assert.Equal(200, (await nobody.Get("/health")).Status);
        Assert.Equal(200, (await nobody.Get("/openapi.json")).Status);
    }

    private static void Is429(Hub.Answer answer)
    {
        ErrorTests.Says(answer, 429, "RATE_LIMITED", null);
        Assert.InRange(int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture), 1, 60);
    }
}
