using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;
using DeployHub.Integration.Node;
using DeployHub.Servers;

namespace DeployHub.Integration.Examples;

/// <summary>The examples as their READMEs say, and a client that is generated from the document, against a hub with a real broker, database and engine.</summary>
public sealed class ExampleTests(DistributedHub fixture) : IClassFixture<DistributedHub>
{
    private static readonly string Folder = Path.Combine(Repository.Root, "examples");
    private static readonly TimeSpan ToDeploy = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan ToBuild = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task The_script_for_pipelines_tells_the_outcome_by_its_exit_code()
    {
        var shop = await OpenShop();
        using var folder = new CopiedFolder(Folder);

        // As its README says, with the values that it leaves to the reader.
        var block = Markdown.Block(Path.Combine(Folder, "README.md"), "sh ci.sh")
            .Replace("http://127.0.0.1:5080", shop.Hub.Api.Address.ToString(), StringComparison.Ordinal).Replace("dhub_…", shop.Hub.Token, StringComparison.Ordinal);
        var completed = await Sh(folder, block, new() { ["IMAGE"] = shop.ImageId });
        Assert.Equal((0, "completed"), (completed.Code, PlanIn(folder)));

        var rolledBack = await Ci(shop, folder, "v3");
        Assert.Equal((2, "rolled_back"), (rolledBack.Code, PlanIn(folder)));
        Assert.Contains("UNHEALTHY: ", rolledBack.Errors, StringComparison.Ordinal);

        var failed = await Ci(shop, folder, "no-such-tag");
        Assert.Equal((1, "failed"), (failed.Code, PlanIn(folder)));
        Assert.Contains("IMAGE_NOT_FOUND: ", failed.Errors, StringComparison.Ordinal);

        var refused = await Sh(folder, $"sh ci.sh {shop.ServerId} v1", Environment(shop));
        Assert.Equal(1, refused.Code);
        Assert.Contains("not accepted (404 NOT_FOUND): There is no container image", refused.Errors, StringComparison.Ordinal);

        var nowhere = new Dictionary<string, string>(Environment(shop)) { ["DEPLOYHUB_URL"] = "http://127.0.0.1:9", ["DEPLOYHUB_SECONDS"] = "1" };
        Assert.Equal(4, (await Sh(folder, $"sh ci.sh {shop.ImageId} v1", nowhere)).Code);
    }

    [Fact]
    public async Task The_script_survives_lost_answers_and_busy_servers_and_deploys_once()
    {
        var shop = await OpenShop();
        using var folder = new CopiedFolder(Folder);
        await using var front = await FlakyFront.Before(
            shop.Hub.Api.Address, Trouble.LosesAnswer, Trouble.Busy, Trouble.LosesRequest, Trouble.TooMany, Trouble.None, Trouble.LosesAnswer, Trouble.Busy);

        var environment = new Dictionary<string, string>(Environment(shop)) { ["DEPLOYHUB_URL"] = front.Address.ToString() };
        var ended = await Sh(folder, $"sh ci.sh {shop.ImageId} v1 > plan.json", environment);

        Assert.True(ended.Code == 0, ended.Errors);
        Assert.Equal("completed", PlanIn(folder));
        Assert.Empty(front.Left);
        Assert.Single((await shop.Hub.Api.Get($"/api/container-images/{shop.ImageId}/deployment-plans")).Json!["plans"]!.AsArray());
    }

    [Theory]
    [InlineData("github-actions.yml", "GITHUB_REF_NAME")]
    [InlineData("gitlab-ci.yml", "CI_COMMIT_TAG")]
    public async Task The_script_parts_of_the_snippets_deploy(string file, string tag)
    {
        var shop = await OpenShop();
        using var folder = new CopiedFolder(Folder);
        var environment = new Dictionary<string, string>(Environment(shop)) { ["DEPLOYHUB_IMAGE"] = shop.ImageId, [tag] = "v1", ["DEPLOYHUB_KEY"] = $"{file}-1" };

        var ended = await Sh(folder, Markdown.Script(Path.Combine(Folder, file)), environment);

        Assert.True(ended.Code == 0, ended.Errors);
        Assert.Equal("completed", PlanIn(folder));
    }

    [Fact]
    public async Task The_dotnet_subscriber_prints_every_event_in_order()
    {
        var shop = await OpenShop();
        using var folder = new CopiedFolder(Path.Combine(Folder, "dotnet-subscriber"), "examples/dotnet-subscriber");
        folder.Add(Path.Combine(Repository.Root, "src", "Contracts"), "src/Contracts");
        foreach (var file in new[] { "Directory.Build.props", "Directory.Packages.props", "global.json" })
        {
            File.Copy(Path.Combine(Repository.Root, file), Path.Combine(folder.Root, file));
        }

        var block = Markdown.Block(Path.Combine(Folder, "dotnet-subscriber", "README.md"), "dotnet run");
        try
        {
            var running = Sh(folder, block, new()
            {
                ["RABBITMQ"] = fixture.Broker.Uri.ToString(), ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false", ["CI"] = "",
            });
            await Task.WhenAny(running, Eventually.True(
                async () => (await fixture.Broker.Ctl("list_queues", "--no-table-headers", "name", "consumers")).Contains("deployment-log\t1", StringComparison.Ordinal), ToBuild));
            Assert.False(running.IsCompleted, running.IsCompleted ? $"{(await running).Output}{(await running).Errors}" : "");
            var plan = await shop.Deploy(new { imageTag = "v1" });

            var ended = await running;

            Assert.True(ended.Code == 0, ended.Output + ended.Errors);
            var lines = ended.Output.Split('\n').Where(line => line.StartsWith($"{plan["id"]} #", StringComparison.Ordinal)).Select(line => line.Trim()).ToList();
            Assert.Equal(Enumerable.Range(1, lines.Count), lines.Select(line => int.Parse(line.Split(' ')[1][1..], CultureInfo.InvariantCulture)));
            Assert.EndsWith(" started: 1 steps", lines[0], StringComparison.Ordinal);
            Assert.Contains(lines, line => line.EndsWith(" deployed: api on web-1", StringComparison.Ordinal));
            Assert.EndsWith(" completed", lines[^1], StringComparison.Ordinal);
        }
        finally
        {
            folder.ForgetPackage("deployhub.contracts");
        }
    }

    [Fact]
    public async Task A_generated_client_deploys_waits_and_reads_the_end()
    {
        var shop = await OpenShop();
        var name = $"client-{Guid.NewGuid():n}";
        var client = Path.Combine(NodePrograms.Folder, name);
        CopiedFolder.Copy(Path.Combine(NodePrograms.Folder, "client"), client);
        try
        {
            var made = await NodePrograms.Package(
                "openapi-typescript", $"{shop.Hub.Api.Address}openapi.json", "--default-non-nullable=false", "-o", Path.Combine(name, "api.d.ts"));
            Assert.True(made.Code == 0, made.Output + made.Errors);
            var compiled = await NodePrograms.Package("tsc", "-p", name);
            Assert.True(compiled.Code == 0, compiled.Output);

            var ended = await NodePrograms.Run(Path.Combine(name, "deploy.js"), shop.Hub.Api.Address.ToString().TrimEnd('/'), shop.Hub.Token, shop.ImageId, "v1");

            Assert.True(ended.Code == 0, ended.Output + ended.Errors);
            var plan = JsonNode.Parse(ended.Output)!;
            Assert.Equal(("completed", 1), ((string)plan["status"]!, (int)plan["counts"]!["success"]!));
            Assert.Equal((await shop.Hub.Api.Get($"/api/container-images/{shop.ImageId}/deployment-plans")).Json!["plans"]![0]!["imageDigest"]!.ToString(), (string)plan["imageDigest"]!);
            Assert.Equal(["success"], plan["steps"]!.AsArray().Select(x => (string)x!));
        }
        finally
        {
            Directory.Delete(client, recursive: true);
        }
    }

    /// <summary>A service; v1 and v2 of its image are well, v3 is not.</summary>
    private async Task<Shop> OpenShop()
    {
        var (engine, registry) = await fixture.Servers();
        var shop = await Shop.Open(await fixture.Hub(), engine, registry: registry);
        await shop.AddService("api");
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2"), shop.Repository, "v2");
        await registry.Push(TestImage.Serving("v3").Unhealthy(), shop.Repository, "v3");
        return shop;
    }

    private static Dictionary<string, string> Environment(Shop shop) =>
        new() { ["DEPLOYHUB_URL"] = shop.Hub.Api.Address.ToString(), ["DEPLOYHUB_TOKEN"] = shop.Hub.Token };

    private static Task<Ended> Ci(Shop shop, CopiedFolder folder, string tag) => Sh(folder, $"sh ci.sh {shop.ImageId} {tag} > plan.json", Environment(shop));

    private static Task<Ended> Sh(CopiedFolder folder, string commands, Dictionary<string, string> environment) =>
        Programs.RunToEnd("sh", ["-e", "-c", commands], environment, within: commands.Contains("dotnet", StringComparison.Ordinal) ? ToBuild : ToDeploy, folder: folder.Path);

    private static string PlanIn(CopiedFolder folder) =>
        (string)JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "plan.json")))!["plan"]!["status"]!;
}
