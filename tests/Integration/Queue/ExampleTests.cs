using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Queue;

/// <summary>The examples do what their READMEs say, against the real broker and a hub that runs.</summary>
[Collection(QueueHub.Name)]
public sealed partial class ExampleTests(DistributedHub fixture)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static string Root { get; } = FindRoot();

    [Fact]
    public async Task The_Python_producer_deploys_and_the_Python_subscriber_tells_every_event_once_also_of_when_it_was_away()
    {
        var (engine, registry) = await fixture.Servers();
        var hub = await fixture.Hub();
        var shop = await Shop.Open(hub, engine, registry: registry);
        await shop.AddService("api");
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await RunBrokerCommands("python-producer");
        await RunBrokerCommands("python-subscriber");
        var account = JsonNode.Parse(await Run(Blocks("python-producer", "sh")[1], ("api", hub.Api.Address.ToString().TrimEnd('/')), ("token", hub.Api.Token!)))!;
        var folder = Directory.CreateTempSubdirectory("deployhub-example-").FullName;
        try
        {
            var subscriber = await StartSubscriber(folder);
            await Eventually.True(() => subscriber.Output().Contains("following", StringComparison.Ordinal), Patience);
            var first = await Produce(shop.ImageId, "build-1");
            var again = await Produce(shop.ImageId, "build-1");
            await shop.End((string)first["planId"]!);
            await HasToldAll(subscriber, first);
            Assert.Equal(0, await subscriber.Terminate());
            var seen = Events(subscriber);
            await subscriber.DisposeAsync();

            var second = await Produce(shop.ImageId, "build-2");
            await shop.End((string)second["planId"]!);
            await using var later = await StartSubscriber(folder);
            await HasToldAll(later, second);
            await later.Terminate();
            seen.AddRange(Events(later));

            Assert.Equal("ci-queue", (string)account["account"]!["brokerUser"]!);
            Assert.Equal((false, true), ((bool)first["replayed"]!, (bool)again["replayed"]!));
            Assert.Equal((string)first["planId"]!, (string)again["planId"]!);
            foreach (var plan in new[] { first, second })
            {
                var mine = seen.Where(x => (string?)x["subject"] == (string)plan["planId"]!).OrderBy(x => (string)x["sequence"]!).ToList();
                Assert.Equal(["1 deployhub.deployment.started", "2 deployhub.service.deployed", "3 deployhub.deployment.completed"], mine.Select(x => $"{x["sequence"]} {x["type"]}"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<JsonNode> Produce(string image, string build) => JsonNode.Parse(await Run(
        Blocks("python-producer", "bash")[0], ("DEPLOYHUB_AMQP", Amqp("ci-queue", "a%20long%20password")), ("image", image), ("tag", "v1"), ("build", build)))!;

    private static Task<string> Run(string block, params (string Name, string Value)[] settings) =>
        Programs.Run("bash", ["-ec", $"cd {Root}\n{block}"], settings.ToDictionary(x => x.Name, x => x.Value));

    // It remembers what it has handled in the folder that it runs in.
    private Task<AppProcess> StartSubscriber(string folder) => AppProcess.StartProgram(
        "bash", ["-c", $"cd {folder} && ln -sfn {Root}/examples examples && {Blocks("python-subscriber", "bash")[0].Replace("/usr/bin/python3", "exec /usr/bin/python3", StringComparison.Ordinal)}"],
        new Dictionary<string, string> { ["DEPLOYHUB_AMQP"] = Amqp("audit-trail", "another%20password") });

    private async Task RunBrokerCommands(string example)
    {
        foreach (var line in Blocks(example, "sh")[0].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = Words().Matches(line).Select(x => x.Value.Trim('\'')).ToList();
            Assert.Equal("rabbitmqctl", words[0]);
            await fixture.Broker.Ctl([.. words.Skip(1)]);
        }
    }

    private string Amqp(string user, string password) => $"amqp://{user}:{password}@127.0.0.1:{fixture.Broker.Port}/%2F";

    // In any order: the end may be told before what led to it.
    private static Task HasToldAll(AppProcess subscriber, JsonNode accepted) =>
        Eventually.Equal(3, () => Task.FromResult(Events(subscriber).Count(x => (string?)x["subject"] == (string)accepted["planId"]!)), Patience);

    private static List<JsonNode> Events(AppProcess subscriber) =>
        [.. subscriber.WholeOutput().Split('\n').Where(x => x.StartsWith('{')).Select(x => JsonNode.Parse(x)!)];

    // The blocks of a kind in the example's README, in their order.
    private static List<string> Blocks(string example, string kind) =>
        [.. Regex.Matches(File.ReadAllText(Path.Combine(Root, "examples", example, "README.md")), $"```{kind}\n(.*?)```", RegexOptions.Singleline).Select(x => x.Groups[1].Value.Trim())];

    [GeneratedRegex("'[^']*'|[^ ]+")]
    private static partial Regex Words();

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DeployHub.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The tests run outside of the repository.");
    }
}
