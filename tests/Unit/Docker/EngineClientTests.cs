using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

public class EngineClientTests
{
    private static readonly EngineClientOptions Hasty = new() { CallTimeout = TimeSpan.FromSeconds(0.3), PullIdleTimeout = TimeSpan.FromSeconds(0.3) };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_command_whose_answer_is_lost_on_a_used_connection_is_not_sent_again()
    {
        await using var engine = new FakeEngine(connection =>
        {
            connection.Close();
            return Task.CompletedTask;
        });
        using var client = engine.Client();

        await Assert.ThrowsAsync<EngineResponseLostException>(() => client.StartContainer("x", Ct));
        await Assert.ThrowsAsync<EngineResponseLostException>(() => client.RemoveContainer("x", ct: Ct));
        await Assert.ThrowsAsync<EngineResponseLostException>(() => client.UpdateRestartPolicy("x", new RestartPolicy("no"), Ct));

        Assert.Single(engine.Requests, request => request.StartsWith("POST /v1.41/containers/x/start ", StringComparison.Ordinal));
        Assert.Single(engine.Requests, request => request.StartsWith("DELETE /v1.41/containers/x?", StringComparison.Ordinal));
        Assert.Single(engine.Requests, request => request.StartsWith("POST /v1.41/containers/x/update ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pull_that_breaks_off_is_a_lost_response()
    {
        await using var engine = new FakeEngine(async connection =>
        {
            await connection.Headers();
            await connection.Chunk("{\"status\":\"Downloading\"}\r\n");
            connection.Close();
        });
        using var client = engine.Client();

        await Assert.ThrowsAsync<EngineResponseLostException>(() => client.Pull("r.example.com/app:v1", null, ct: Ct));
    }

    [Fact]
    public async Task A_silent_engine_is_left_at_the_deadline()
    {
        await using var engine = new FakeEngine(connection => connection.Silence());
        using var client = engine.Client(Hasty);

        var late = await Assert.ThrowsAsync<EngineTimeoutException>(() => client.StartContainer("x", Ct));

        Assert.Contains("asked to start container x, gave no complete answer within 0.3 s; it may or may not have been done", late.Message, StringComparison.Ordinal);
        await engine.ClientLeft.Task.WaitAsync(TimeSpan.FromSeconds(5), Ct);
    }

    [Fact]
    public async Task Behind_a_silent_engine_no_call_waits_longer_than_its_own_deadline_and_no_command_was_sent()
    {
        await using var engine = new FakeEngine(connection => connection.Silence(), version: null);
        using var client = engine.Client(Hasty);

        var calls = Enumerable.Range(0, 20).Select(_ => Assert.ThrowsAsync<EngineUnreachableException>(() => client.StartContainer("x", Ct)));

        await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(3), Ct);
        Assert.All(engine.Requests, request => Assert.StartsWith("GET /version ", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pull_without_progress_is_left_and_its_request_ended()
    {
        await using var engine = new FakeEngine(async connection =>
        {
            await connection.Headers();
            await connection.Chunk("{\"status\":\"Downloading\",\"id\":\"a1\",\"progressDetail\":{\"current\":1,\"total\":2}}\r\n");
            await connection.Silence();
        });
        using var client = engine.Client(Hasty);
        var seen = new List<PullProgress>();

        var late = await Assert.ThrowsAsync<EngineTimeoutException>(() => client.Pull("r.example.com/app:v1", null, new Told(seen), Ct));

        Assert.Contains("0.3 s without progress", late.Message, StringComparison.Ordinal);
        Assert.Equal([new PullProgress("Downloading", "a1", 1, 2)], seen);
        await engine.ClientLeft.Task.WaitAsync(TimeSpan.FromSeconds(5), Ct);
    }

    [Fact]
    public async Task The_callers_cancellation_ends_the_request_and_is_no_engine_error()
    {
        await using var engine = new FakeEngine(connection => connection.Silence());
        using var client = engine.Client();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var waiting = client.WaitContainer("x", cancel.Token);
        SpinWait.SpinUntil(() => engine.Requests.Count == 2, TimeSpan.FromSeconds(5));

        await cancel.CancelAsync();

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(cancel.Token, cancelled.CancellationToken);
        await engine.ClientLeft.Task.WaitAsync(TimeSpan.FromSeconds(5), Ct);
    }

    [Fact]
    public async Task Calls_at_once_negotiate_once()
    {
        await using var engine = new FakeEngine(connection => connection.Answer("OK"));
        using var client = engine.Client();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.Ping(Ct)));

        Assert.Single(engine.Requests, request => request.StartsWith("GET /version ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1.40", "1.12", "too old")]
    [InlineData("1.60", "1.50", "too new")]
    public async Task An_engine_without_a_common_version_is_refused(string newest, string oldest, string why)
    {
        await using var engine = new FakeEngine(connection => connection.Answer("OK"), $$"""{"ApiVersion":"{{newest}}","MinAPIVersion":"{{oldest}}"}""");
        using var client = engine.Client();

        Assert.Contains(why, (await Assert.ThrowsAsync<EngineVersionException>(() => client.Ping(Ct))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_newer_engine_is_spoken_to_in_the_newest_version_that_this_client_knows()
    {
        await using var engine = new FakeEngine(connection => connection.Answer("OK"), """{"ApiVersion":"1.51","MinAPIVersion":"1.24"}""");
        using var client = engine.Client();

        await client.Ping(Ct);

        Assert.StartsWith("GET /v1.47/_ping ", engine.Requests.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_engine_was_exchanged_the_version_is_negotiated_anew()
    {
        var asked = 0;
        await using var engine = new FakeEngine(connection => asked++ > 0
            ? connection.Answer("OK")
            : connection.Answer("{\"message\":\"client version 1.41 is too old. Minimum supported API version is 1.44\"}", 400));
        using var client = engine.Client();

        await Assert.ThrowsAsync<EngineVersionException>(() => client.Ping(Ct));
        await client.Ping(Ct);

        Assert.Equal(2, engine.Requests.Count(request => request.StartsWith("GET /version ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_answer_beyond_the_bound_is_not_read()
    {
        await using var engine = new FakeEngine(async connection =>
        {
            await connection.Headers();
            while (true)
            {
                await connection.Chunk(new string(' ', 4096));
            }
        });
        using var client = engine.Client(new EngineClientOptions { MaxAnswerBytes = 64 * 1024, MaxLineBytes = 64 * 1024 });

        await Assert.ThrowsAsync<EngineProtocolException>(() => client.GetContainer("x", Ct));
        await Assert.ThrowsAsync<EngineProtocolException>(() => client.Pull("r.example.com/app:v1", null, ct: Ct));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"Id\":7}")]
    [InlineData("<html>")]
    public async Task An_answer_that_is_no_engines_is_a_typed_error(string body)
    {
        await using var engine = new FakeEngine(connection => connection.Answer(body));
        using var client = engine.Client();

        await Assert.ThrowsAsync<EngineProtocolException>(() => client.GetContainer("x", Ct));
    }

    [Fact]
    public async Task Events_that_break_off_are_a_lost_response_and_ones_that_end_just_end()
    {
        var ordered = true;
        await using var engine = new FakeEngine(async connection =>
        {
            await connection.Headers();
            await connection.Chunk("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"a\",\"Attributes\":{\"exitCode\":\"3\"}},\"timeNano\":1700000000123456789}\n");
            if (ordered)
            {
                await connection.Chunk("");
            }
            else
            {
                connection.Close();
            }
        });
        using var client = engine.Client();

        var happened = Assert.Single(await client.Events(ct: Ct).ToListAsync(Ct));
        ordered = false;
        await Assert.ThrowsAsync<EngineResponseLostException>(async () => await client.Events(ct: Ct).ToListAsync(Ct));

        Assert.Equal(("container", "die", "a", "3"), (happened.Type, happened.Action, happened.ActorId, happened.Attributes["exitCode"]));
        Assert.Equal(1700000000123L, happened.Time.ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task An_engine_that_is_not_there_was_sent_nothing()
    {
        using var noSocket = new EngineClient(EngineEndpoint.Parse("unix:///nowhere/docker.sock"));
        using var noListener = new EngineClient(EngineEndpoint.Parse("tcp://127.0.0.1:1"));
        using var noHost = new EngineClient(EngineEndpoint.Parse("tcp://nosuch.invalid:2375"));

        Assert.Contains("there is no such socket; nothing was sent", (await Unreachable(noSocket)).Message, StringComparison.Ordinal);
        Assert.Contains("refused", (await Unreachable(noListener)).Message, StringComparison.OrdinalIgnoreCase);
        await Unreachable(noHost);

        static Task<EngineUnreachableException> Unreachable(EngineClient client) => Assert.ThrowsAsync<EngineUnreachableException>(() => client.StartContainer("x", Ct));
    }

    [Theory]
    [InlineData("app")]
    [InlineData("127.0.0.1:5000/app")]
    [InlineData("App:v1")]
    public async Task A_reference_that_would_pull_every_tag_is_refused(string reference)
    {
        await using var engine = new FakeEngine(connection => connection.Answer(""));
        using var client = engine.Client();

        await Assert.ThrowsAsync<ArgumentException>(() => client.Pull(reference, null, ct: Ct));
        await Assert.ThrowsAsync<ArgumentException>(() => client.ResolveDigest(reference, null, Ct));
        Assert.Empty(engine.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    public async Task A_name_that_would_change_the_path_is_refused(string name)
    {
        await using var engine = new FakeEngine(connection => connection.Answer(""));
        using var client = engine.Client();

        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.RemoveContainer(name, ct: Ct));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.FindImage($"a/{name}/b", Ct));
        Assert.Empty(engine.Requests);
    }

    [Fact]
    public async Task A_name_with_slashes_stays_one_part_of_the_path()
    {
        await using var engine = new FakeEngine(connection => connection.Answer("{\"message\":\"none\"}", 404));
        using var client = engine.Client();

        Assert.Null(await client.FindContainer("../images/x", Ct));
        Assert.StartsWith("GET /v1.41/containers/..%2Fimages%2Fx/json ", engine.Requests.Last(), StringComparison.Ordinal);
    }

    private sealed class Told(List<PullProgress> seen) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => seen.Add(value);
    }
}
