using System.Text.Json.Nodes;
using DeployHub.Contracts.Channels;
using DeployHub.Integration.ConfigSync;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Queue;

/// <summary>Every public event reaches those who subscribe, whichever way, also when they were away.</summary>
[Collection(QueueHub.Name)]
public sealed class EventTests(DistributedHub fixture)
{
    private const string AskedTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string SentTrace = "5bf92f3577b34da6a3ce929d0e0e4736";

    [Fact]
    public async Task Subscribers_that_were_down_during_three_plans_and_a_batch_get_every_event_afterwards_without_a_gap()
    {
        var (engine, registry) = await fixture.Servers();
        var hub = await fixture.Hub();
        var shop = await Shop.Open(hub, engine, registry: registry);
        await using var program = await Program.Start(fixture);
        var name = (string)(await hub.Api.Get($"/api/environments/{shop.EnvironmentId}")).Json!["environment"]!["name"]!;
        var (cloud, masstransit) = (new Subscriber(fixture.Broker), new Subscriber(fixture.Broker));
        await cloud.Subscribe((EventChannels.Exchange, $"{name}.#"));
        await masstransit.Subscribe([.. EventChannels.All.Select(x => (x.Exchange, ""))]);

        await shop.AddService("api");
        await registry.Push(TestImage.Serving("v1"), shop.Repository, "v1");
        await registry.Push(TestImage.Serving("v2").Unhealthy(), shop.Repository, "v2");
        var first = (string)(await hub.Api.Post($"/api/container-images/{shop.ImageId}/deploy", new { imageTag = "v1" }, ("traceparent", $"00-{AskedTrace}-00f067aa0ba902b7-01"))).Json!["plan"]!["id"]!;
        Assert.Equal("completed", (string)(await shop.End(first))["status"]!);
        var second = (string)(await program.Sender.Ask("deploy-container-image", $$"""{"containerImageId":"{{shop.ImageId}}","imageTag":"v2"}""",
            x => x.Headers = new Dictionary<string, object?> { ["traceparent"] = $"00-{SentTrace}-00f067aa0ba902b7-01" })).Body["planId"]!;
        var failed = await shop.End(second);
        Assert.Equal("rolled_back", (string)failed["status"]!);
        Assert.Equal("accepted", (string)(await program.Sender.Ask("rollback-deployment", $$"""{"planId":"{{first}}"}""")).Body["status"]!);
        await shop.End(first);
        using var files = new FileShop(shop);
        var file = await files.Attach(await files.AddHost("files-1", engine.Uri.OriginalString), "app.conf", new { content = "x" });
        var third = await shop.Submit(new { imageTag = "v1" });
        await shop.End(third);
        var batch = (string)(await program.Sender.Ask("execute-sync-batch", $$"""{"operations":[{"type":"config-file-sync","configFileId":"{{file}}"}]}""")).Body["batchId"]!;
        await files.End(batch);

        string[] subjects = [first, second, third, batch];
        string[] ends = ["deployhub.deployment.rolled-back", "deployhub.deployment.rolled-back", "deployhub.deployment.completed", "deployhub.sync-batch.completed"];
        var events = (await cloud.Catch_up(all => subjects.Zip(ends).All(x => all.Any(y => (string)y.Body["type"]! == x.Second && (string?)y.Body["subject"] == x.First))
            && all.Count(x => (string)x.Body["type"]! == "deployhub.command.accepted") == 3)).ConvertAll(x => (x.RoutingKey, x.ContentType, x.Body));
        var envelopes = (await masstransit.Catch_up(all => events.All(x => all.Any(y => (string)y.Body["messageId"]! == (string)x.Body["id"]!))))
            .Where(x => shop.EnvironmentId == (string?)(x.Body["message"]!["plan"] ?? x.Body["message"]!["batch"] ?? x.Body["message"])!["environmentId"]).ToList();

        // Each once to be counted once: a second one has the same id.
        Assert.Equal(events.Select(x => (string)x.Body["id"]!).Distinct().Order(), envelopes.Select(x => (string)x.Body["messageId"]!).Distinct().Order());
        foreach (var subject in subjects)
        {
            var numbers = events.Where(x => (string?)x.Body["subject"] == subject && x.Body["sequence"] is not null).Select(x => int.Parse((string)x.Body["sequence"]!, null)).Distinct().Order().ToList();
            Assert.Equal(Enumerable.Range(1, numbers.Count), numbers);
            Assert.True(numbers.Count >= 2, $"only {numbers.Count} events of {subject}");
        }

        foreach (var (key, contentType, body) in events)
        {
            var type = (string)body["type"]!;
            Assert.Equal(("1.0", "application/cloudevents+json", $"/api/environments/{shop.EnvironmentId}", "application/json"), ((string)body["specversion"]!, contentType, (string)body["source"]!, (string)body["datacontenttype"]!));
            Assert.Equal($"{name}.{type["deployhub.".Length..]}", key);
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", (string)body["time"]!);
            var facts = (body["data"]!["plan"] ?? body["data"]!["batch"] ?? body["data"])!;
            Assert.Equal(name, (string)facts["environmentName"]!);
        }

        JsonNode One(string type, string subject) => events.First(x => (string)x.Body["type"]! == type && (string?)x.Body["subject"] == subject).Body;
        var deployed = One("deployhub.service.deployed", first)["data"]!;
        Assert.Equal(("v1", "api", "web-1", "success", "running"), (
            (string)deployed["plan"]!["imageTag"]!, (string)deployed["step"]!["serviceName"]!, (string)deployed["step"]!["serverName"]!, (string)deployed["step"]!["status"]!, (string)deployed["plan"]!["status"]!));
        Assert.StartsWith("sha256:", (string)deployed["plan"]!["imageDigest"]!, StringComparison.Ordinal);
        Assert.Equal((string)failed["error"]!["code"]!, (string)One("deployhub.service.deploy-failed", second)["data"]!["error"]!["code"]!);
        Assert.Equal("rolled_back", (string)One("deployhub.deployment.rolled-back", second)["data"]!["plan"]!["status"]!);
        Assert.Equal(program.User, (string)One("deployhub.command.accepted", second)["data"]!["account"]!);
        Assert.Equal("ok", (string)One("deployhub.sync-batch.completed", batch)["data"]!["batch"]!["status"]!);
        Assert.All(events.Where(x => (string?)x.Body["subject"] == first && x.Body["sequence"] is not null), x => Assert.StartsWith($"00-{AskedTrace}-", (string)x.Body["traceparent"]!, StringComparison.Ordinal));
        Assert.All(events.Where(x => (string?)x.Body["subject"] == second), x => Assert.StartsWith($"00-{SentTrace}-", (string)x.Body["traceparent"]!, StringComparison.Ordinal));
        await cloud.Remove();
        await masstransit.Remove();
    }
}
