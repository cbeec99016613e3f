using DeployHub.Integration.Hub;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class InventoryTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly string Digest = "sha256:" + new string('a', 64);

    private ApiClient Api => host.Admin;

    [Fact]
    public async Task An_environment_is_made_read_listed_changed_and_deleted()
    {
        var name = $"env-{Guid.NewGuid():n}";
        var made = await Api.Post("/api/environments", new { name });
        var path = made.Headers["Location"];
        Assert.Equal((201, name), (made.Status, (string)made.Json!["environment"]!["name"]!));
        Assert.Equal(made.Text, (await Api.Get(path)).Text);
        Assert.Contains(name, (await Api.Get("/api/environments?limit=200")).Text, StringComparison.Ordinal);
        Assert.Equal(name + "2", (string)(await Api.Patch(path, new { name = name + "2" })).Json!["environment"]!["name"]!);
        Assert.Equal(204, (await Api.Delete(path)).Status);
        ErrorTests.Says(await Api.Get(path), 404, "NOT_FOUND", null);
    }

    [Fact]
    public async Task A_duplicate_name_is_a_409_for_every_noun()
    {
        var shop = await Inventory.WithService(Api);
        var environment = (string)(await Api.Get(shop.Root)).Json!["environment"]!["name"]!;
        await Api.Create($"{shop.Root}/registries", new { name = "hub", registryUrl = "docker.io" });
        ErrorTests.Says(await Api.Post("/api/environments", new { name = environment }), 409, "CONFLICT", "name");
        ErrorTests.Says(await Api.Post($"{shop.Root}/servers", new { name = "web-1", endpoint = "tcp://10.0.0.1:2375" }), 409, "CONFLICT", "name");
        ErrorTests.Says(await Api.Post($"{shop.Root}/registries", new { name = "hub", registryUrl = "docker.io" }), 409, "CONFLICT", "name");
        ErrorTests.Says(await Api.Post($"{shop.Root}/container-images", new { name = "api", imageName = "nginx" }), 409, "CONFLICT", "name");
        ErrorTests.Says(await Api.Post($"{shop.Root}/services", new { name = "api", containerImageId = shop.ImageId }), 409, "CONFLICT", "name");
        ErrorTests.Says(await Api.Post($"/api/services/{shop.ServiceId}/deployments", new { serverId = shop.ServerId }), 409, "CONFLICT", "serverId");
        var other = await shop.AddService("other");
        ErrorTests.Says(
            await Api.Post($"/api/services/{other}/deployments", new { serverId = shop.ServerId, containerName = "api" }), 409, "CONFLICT", "containerName");
    }

    [Fact]
    public async Task Of_two_that_take_a_name_at_once_one_gets_it()
    {
        var name = $"env-{Guid.NewGuid():n}";
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Api.Post("/api/environments", new { name })));
        Assert.Single(answers, answer => answer.Status == 201);
        Assert.All(answers.Where(answer => answer.Status != 201), answer => ErrorTests.Says(answer, 409, "CONFLICT", "name"));
    }

    [Fact]
    public async Task What_is_in_use_is_not_deleted_and_says_by_what()
    {
        var shop = await Inventory.WithService(Api);
        foreach (var (path, user) in new[]
        {
            (shop.Root, "server «web-1»"), ($"/api/servers/{shop.ServerId}", "service «api»"), ($"/api/container-images/{shop.ImageId}", "service «api»"),
            ($"/api/services/{shop.ServiceId}", "on the server «web-1»"),
        })
        {
            var answer = await Api.Delete(path);
            ErrorTests.Says(answer, 409, "CONFLICT", null);
            Assert.Contains(user, answer.Text, StringComparison.Ordinal);
        }

        foreach (var path in new[]
        {
            $"/api/services/{shop.ServiceId}/deployments/{shop.DeploymentId}", $"/api/services/{shop.ServiceId}", $"/api/container-images/{shop.ImageId}",
            $"/api/servers/{shop.ServerId}", shop.Root,
        })
        {
            Assert.Equal(204, (await Api.Delete(path)).Status);
        }
    }

    [Fact]
    public async Task What_only_the_server_sets_is_read_only()
    {
        var shop = await Inventory.WithService(Api);
        foreach (var (path, field) in new[]
        {
            (shop.Root, "id"), ($"/api/servers/{shop.ServerId}", "engineId"), ($"/api/servers/{shop.ServerId}", "status"),
            ($"/api/container-images/{shop.ImageId}", "environmentId"), ($"/api/services/{shop.ServiceId}", "createdAt"),
            ($"/api/services/{shop.ServiceId}/deployments/{shop.DeploymentId}", "currentDigest"),
        })
        {
            var answer = await Api.Patch(path, new Dictionary<string, string> { [field] = "x" });
            ErrorTests.Says(answer, 400, "READONLY_FIELD", field);
            Assert.NotEmpty((string)answer.Json!["hint"]!);
        }

        ErrorTests.Says(await Api.Patch(shop.Root, new { colour = "red" }), 400, "VALIDATION_ERROR", "colour");
    }

    [Fact]
    public async Task A_password_is_kept_encrypted_and_never_returned()
    {
        var shop = await Inventory.Bare(Api);
        var made = await Api.Post($"{shop.Root}/registries", new { name = "private", registryUrl = "https://127.0.0.1:5000/", username = "ci", password = "open-sesame" });
        var path = made.Headers["Location"];
        Assert.Equal(("127.0.0.1:5000", true), ((string)made.Json!["registry"]!["registryUrl"]!, (bool)made.Json["registry"]!["hasPassword"]!));
        Assert.DoesNotContain("sesame", made.Text + (await Api.Get(path)).Text, StringComparison.Ordinal);
        await host.Edit(async db => Assert.DoesNotContain(
            "sesame", System.Text.Encoding.Latin1.GetString((await db.Registries.SingleAsync(x => x.EnvironmentId == Guid.Parse(shop.EnvironmentId))).Password!), StringComparison.Ordinal));

        ErrorTests.Says(await Api.Patch(path, new { password = (string?)null }), 400, "VALIDATION_ERROR", "password");
        var cleared = await Api.Patch(path, new { username = (string?)null, password = (string?)null });
        Assert.False((bool)cleared.Json!["registry"]!["hasPassword"]!);
    }

    [Fact]
    public async Task Credentials_go_to_the_registry_that_they_are_for_alone()
    {
        var shop = await Inventory.Bare(Api);
        var registry = Inventory.Id(await Api.Create($"{shop.Root}/registries", new { name = "private", registryUrl = "registry.example.com:5000" }));
        var image = new { name = "web", imageName = "registry.example.com/web", registryConnectionId = registry };
        ErrorTests.Says(await Api.Post($"{shop.Root}/container-images", image), 400, "VALIDATION_ERROR", "registryConnectionId");
        await Api.Create($"{shop.Root}/container-images", image with { imageName = "registry.example.com:5000/web" });
        ErrorTests.Says(await Api.Patch($"/api/registries/{registry}", new { registryUrl = "elsewhere.example.com" }), 409, "CONFLICT", null);
        ErrorTests.Says(await Api.Delete($"/api/registries/{registry}"), 409, "CONFLICT", null);
    }

    [Fact]
    public async Task A_change_touches_what_it_names_and_null_clears()
    {
        var shop = await Inventory.WithService(Api);
        var path = $"/api/services/{shop.ServiceId}";
        await Api.Patch(path, new { container = new { env = new { A = "b" } }, health = new { retries = 9 } });
        var named = (await Api.Patch(path, new { name = "renamed" })).Json!["service"]!;
        Assert.Equal(("renamed", "b", 9), ((string)named["name"]!, (string)named["container"]!["env"]!["A"]!, (int)named["health"]!["retries"]!));
        ErrorTests.Says(await Api.Patch(path, new { adopt = true }), 400, "VALIDATION_ERROR", "adopt");
        var adopted = (await Api.Patch(path, new { adopt = true, container = (string?)null, health = (string?)null })).Json!["service"]!;
        Assert.Null(adopted["container"]);
        Assert.Equal(3, (int)adopted["health"]!["retries"]!);
    }

    [Fact]
    public async Task A_server_that_moves_forgets_its_engine_but_not_under_a_plan()
    {
        var shop = await Inventory.WithService(Api);
        var path = $"/api/servers/{shop.ServerId}";
        await host.Edit(db => db.Servers.Where(x => x.Id == Guid.Parse(shop.ServerId)).ExecuteUpdateAsync(set => set.SetProperty(x => x.EngineId, "engine-1")));
        Assert.Equal("engine-1", (string)(await Api.Patch(path, new { name = "web-9" })).Json!["server"]!["engineId"]!);
        Assert.Null((await Api.Patch(path, new { endpoint = "tcp://10.0.0.9:2375" })).Json!["server"]!["engineId"]);

        Assert.Equal(202, (await Api.Post(shop.DeployPath, new { imageTag = "v1" })).Status);
        ErrorTests.Says(await Api.Patch(path, new { endpoint = "tcp://10.0.0.8:2375" }), 409, "CONFLICT", null);
        ErrorTests.Says(await Api.Delete($"/api/services/{shop.ServiceId}/deployments/{shop.DeploymentId}"), 409, "CONFLICT", null);
    }

    [Fact]
    public async Task A_digest_is_recorded_once()
    {
        var shop = await Inventory.Bare(Api);
        var path = $"/api/container-images/{shop.ImageId}/digests";
        var (first, second) = (await Api.Post(path, new { manifestDigest = Digest }), await Api.Post(path, new { manifestDigest = Digest }));
        Assert.Equal((201, 200), (first.Status, second.Status));
        Assert.Single((await Api.Get(path)).Json!["digests"]!.AsArray());
        ErrorTests.Says(await Api.Post(path, new { }), 400, "VALIDATION_ERROR", "tag");
        ErrorTests.Says(await Api.Post(path, new { manifestDigest = "sha256:short" }), 400, "VALIDATION_ERROR", "manifestDigest");
        var unanswered = await Api.Post(path, new { tag = "v1" });
        ErrorTests.Says(unanswered, 503, "SERVICE_UNAVAILABLE", null);
        Assert.Equal("5", unanswered.Headers["Retry-After"]);
    }

    [Fact]
    public async Task Lists_come_in_pages_that_leave_nothing_out()
    {
        var shop = await Inventory.Bare(Api);
        for (var i = 2; i <= 7; i++)
        {
            await Api.Create($"{shop.Root}/servers", new { name = $"web-{i}", endpoint = "unix:///var/run/docker.sock" });
        }

        var (names, cursor) = (new List<string>(), "");
        do
        {
            var page = (await Api.Get($"{shop.Root}/servers?limit=3{cursor}")).Json!;
            names.AddRange(page["servers"]!.AsArray().Select(server => (string)server!["name"]!));
            cursor = (string?)page["nextCursor"] is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        Assert.Equal(["web-1", "web-2", "web-3", "web-4", "web-5", "web-6", "web-7"], names);
    }
}
