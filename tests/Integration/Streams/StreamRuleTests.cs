using System.Net.Sockets;
using System.Text;
using DeployHub.Api.Streams;
using DeployHub.Integration.Api;
using DeployHub.Integration.Hub;
using DeployHub.Persistence.Streams;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DeployHub.Integration.Streams;

/// <summary>An Api whose streams do not wait long for clients that do not read.</summary>
public sealed class StreamHost : IAsyncLifetime
{
    public ApiHost Host { get; } = new() { Beside = services => services.AddSingleton(new StreamTimes(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(3))) };

    public ValueTask InitializeAsync() => Host.InitializeAsync();

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

/// <summary>What a stream answers to whoever asks for it, with the Api alone: the entries are written as a worker's would be.</summary>
public sealed class StreamRuleTests(StreamHost streams) : IClassFixture<StreamHost>
{
    private readonly ApiHost _host = streams.Host;

    [Fact]
    public async Task A_stream_gives_all_from_any_place_and_what_is_told_meanwhile()
    {
        var (plan, path) = await NewPlan();
        using var all = await EventReader.Open(_host.Admin, path);
        Assert.Equal(("text/event-stream", "no-store"), (all.Answer.Content.Headers.ContentType!.MediaType, all.Answer.Headers.CacheControl!.ToString()));
        var first = await all.NextEvent();
        Assert.Equal(("plan", 1L, "pending", 1), (first!.Name, first.Id, (string)first.Data["status"]!, (int)first.Data["counts"]!["total"]!));
        var second = await all.NextEvent();
        Assert.Equal(("step", 2L, "pending", "api"), (second!.Name, second.Id, (string)second.Data["status"]!, (string)second.Data["service"]!["name"]!));

        using var late = await EventReader.Open(_host.Admin, path, from: 1);
        Assert.Equal(2L, (await late.NextEvent())!.Id);
        await TellLines(plan, 3);
        foreach (var reader in new[] { all, late })
        {
            for (var number = 3; number <= 5; number++)
            {
                Assert.Equal(("log", (long?)number), await reader.NextEvent() is { } log ? (log.Name, log.Id) : default);
            }
        }

        Assert.Equal(202, (await _host.Admin.Post($"/api/deployment-plans/{plan}/cancel")).Status);
        Assert.Equal(("plan", 6L, "cancelling"), await all.NextEvent() is { } cancelled ? (cancelled.Name, cancelled.Id!.Value, (string)cancelled.Data["status"]!) : default);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    public async Task A_place_that_is_none_is_a_400(string place)
    {
        var (_, path) = await NewPlan();
        ErrorTests.Says(await _host.Admin.Get(path, ("Last-Event-ID", place)), 400, "VALIDATION_ERROR", "Last-Event-ID");
    }

    [Fact]
    public async Task What_is_not_there_cannot_be_followed()
    {
        var id = Guid.NewGuid();
        foreach (var path in new[] { $"/api/deployment-plans/{id}/stream", $"/api/sync/batch/{id}/stream", $"/api/environments/{id}/events", $"/api/events?environmentId={id}" })
        {
            ErrorTests.Says(await _host.Admin.Get(path), 404, "NOT_FOUND", null);
        }

        ErrorTests.Says(await _host.Admin.Get("/api/events"), 400, "VALIDATION_ERROR", "environmentId");
    }

    [Fact]
    public async Task A_place_that_is_not_kept_or_was_never_reached_begins_anew_with_all_that_is_so()
    {
        var (plan, path) = await NewPlan();
        await TellLines(plan, 8);
        await _host.Edit(db => db.StreamEntries.Where(x => x.StreamId == plan && x.Number <= 5).ExecuteDeleteAsync());

        using var old = await EventReader.Open(_host.Admin, path, from: 2);
        using var above = await EventReader.Open(_host.Admin, path, from: 1000);
        foreach (var (reader, number, next) in new[] { (old, 5L, 6L), (above, 10L, 11L) })
        {
            var reset = await reader.NextEvent();
            Assert.Equal(("reset", number, plan.ToString(), 1), (reset!.Name, reset.Id, (string)reset.Data["plan"]!["id"]!, reset.Data["plan"]!["steps"]!.AsArray().Count));
            if (reader == above)
            {
                await TellLines(plan, 1);
            }

            Assert.Equal(("log", next), await reader.NextEvent() is { } log ? (log.Name, log.Id!.Value) : default);
        }
    }

    [Fact]
    public async Task A_token_that_expires_or_is_revoked_ends_its_streams_and_no_others()
    {
        var (_, path) = await NewPlan();
        var (short_, doomed) = ($"short-{Guid.NewGuid():n}", $"doomed-{Guid.NewGuid():n}");
        var expires = (await _host.Admin.Post("/api/admin/tokens", new { name = short_, role = "viewer", expiresAt = DateTime.UtcNow.AddSeconds(3) })).Json!;
        var revoked = (await _host.Admin.Post("/api/admin/tokens", new { name = doomed, role = "viewer" })).Json!;
        using var expiring = await EventReader.Open(_host.As((string)expires["secret"]!), path, from: 2);
        using var losing = await EventReader.Open(_host.As((string)revoked["secret"]!), path, from: 2);
        using var staying = await EventReader.Open(_host.Admin, path, from: 2);

        Assert.Equal(204, (await _host.Admin.Delete($"/api/admin/tokens/{revoked["token"]!["id"]}")).Status);
        foreach (var reader in new[] { losing, expiring })
        {
            var end = Assert.Single(await reader.Rest());
            Assert.Equal(("end", null, "UNAUTHORIZED"), (end.Name, end.Id, (string)end.Data["code"]!));
        }

        var plan = Guid.Parse(path.Split('/')[3]);
        await TellLines(plan, 1);
        Assert.Equal("log", (await staying.NextEvent())!.Name);
    }

    [Fact]
    public async Task A_client_that_stops_reading_is_dropped_and_the_others_go_on()
    {
        var (plan, path) = await NewPlan();
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await silent.ConnectAsync(_host.Admin.Address.Host, _host.Admin.Address.Port, TestContext.Current.CancellationToken);
        await silent.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_host.AdminToken}\r\n\r\n"), TestContext.Current.CancellationToken);
        using var reading = await EventReader.Open(_host.Admin, path);
        var open = _host.App.Services.GetRequiredService<OpenStreams>();
        await Eventually.Equal(2, () => Task.FromResult(open.Count));

        // More than the lines between them hold.
        const int entries = 400;
        var read = ReadUpTo(reading, entries + 2);
        var line = new string('x', 16 * 1024);
        for (var i = 0; i < entries; i += 20)
        {
            await _host.Edit(db =>
            {
                for (var j = 0; j < 20; j++)
                {
                    db.Tell(plan, StreamKinds.Log, new { line });
                }

                return Task.CompletedTask;
            });
        }

        Assert.Equal(Enumerable.Range(1, entries + 2).Select(x => (long?)x), await read);
        await Eventually.Equal(1, () => Task.FromResult(open.Count));
        await TellLines(plan, 1);
        Assert.Equal(entries + 3, (await reading.NextEvent())!.Id);
    }

    private static async Task<List<long?>> ReadUpTo(EventReader reader, long last)
    {
        var seen = new List<long?>();
        while (reader.At != last)
        {
            seen.Add((await reader.NextEvent())?.Id ?? throw new InvalidOperationException($"The stream ended after number {reader.At}."));
        }

        return seen;
    }

    private async Task<(Guid Plan, string Path)> NewPlan()
    {
        var shop = await Inventory.WithService(_host.Admin);
        var plan = Guid.Parse((string)(await _host.Admin.Post(shop.DeployPath, new { imageTag = "v1" })).Json!["plan"]!["id"]!);
        return (plan, $"/api/deployment-plans/{plan}/stream");
    }

    private Task TellLines(Guid plan, int count) => _host.Edit(db =>
    {
        for (var i = 0; i < count; i++)
        {
            db.Tell(plan, StreamKinds.Log, new { line = i });
        }

        return Task.CompletedTask;
    });
}
