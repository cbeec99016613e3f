using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Services;
using DeployHub.Servers;
using DeployHub.Worker.Health;

namespace DeployHub.Unit.Health;

/// <summary>One look at a container and what the gate makes of it. Times of 0 and of an hour stand for "over" and "not yet".</summary>
public sealed class GateRunTests
{
    private const int Never = 3600;
    private static readonly HealthPolicy Default = new();

    public enum Verdict
    {
        Open,
        Passed,
        Unhealthy,
        Exited,
        CrashLoop,
        TimedOut,
    }

    public static TheoryData<string, string?, HealthPolicy, Verdict> Looks => new()
    {
        // The container's own check decides where it has one.
        { "running", "healthy", Default, Verdict.Passed },
        { "running", "starting", Default, Verdict.Open },
        { "running", "unhealthy", Default, Verdict.Unhealthy },
        { "running", "healthy", Default with { MinHealthySeconds = Never }, Verdict.Open },
        { "running", "unhealthy", Default with { MinHealthySeconds = Never, StartPeriodSeconds = Never, Retries = 100 }, Verdict.Unhealthy },
        { "running", "starting", Default with { DeadlineSeconds = 0 }, Verdict.TimedOut },
        { "running", "healthy", Default with { DeadlineSeconds = 0 }, Verdict.Passed },
        { "running", "healthy", Default with { MinHealthySeconds = Never, DeadlineSeconds = 0 }, Verdict.TimedOut },

        // Nothing checks it: it has to run for a while.
        { "running", null, Default, Verdict.Open },
        { "running", "none", Default, Verdict.Open },
        { "running", null, Default with { MinHealthySeconds = 0 }, Verdict.Passed },
        { "running", "none", Default with { MinHealthySeconds = 0 }, Verdict.Passed },
        { "running", null, Default with { MinHealthySeconds = Never }, Verdict.Open },
        { "running", null, Default with { DeadlineSeconds = 0 }, Verdict.TimedOut },

        // What has ended is never healthy, whatever its check said last.
        { "exited", null, Default with { MinHealthySeconds = 0 }, Verdict.Exited },
        { "exited", "healthy", Default, Verdict.Exited },
        { "exited", "starting", Default with { DeadlineSeconds = 0 }, Verdict.Exited },
        { "dead", null, Default with { MinHealthySeconds = 0 }, Verdict.Exited },
        { "created", null, Default with { MinHealthySeconds = 0 }, Verdict.Exited },
        { "restarting", null, Default with { MinHealthySeconds = 0 }, Verdict.CrashLoop },
        { "restarting", "starting", Default, Verdict.CrashLoop },
        { "restarted", null, Default with { MinHealthySeconds = 0 }, Verdict.CrashLoop },
        { "restarted", "healthy", Default, Verdict.CrashLoop },
    };

    [Theory]
    [MemberData(nameof(Looks))]
    public async Task A_look_leads_to_its_verdict(string status, string? health, HealthPolicy policy, Verdict expected) =>
        Assert.Equal(expected, Read(await Run(policy).Judge(Container(status, health), CancellationToken.None)));

    [Theory]
    [InlineData(1, Verdict.Unhealthy)]
    [InlineData(2, Verdict.Open)]
    public async Task A_probe_that_fails_often_enough_in_a_row_fails_the_gate(int retries, Verdict expected)
    {
        var policy = Default with { Probe = new ProbeSpec("tcp", FreePorts.Next()), Retries = retries };
        Assert.Equal(expected, Read(await Run(policy).Judge(Container("running", null), CancellationToken.None)));
    }

    [Fact]
    public async Task A_failed_probe_within_the_start_period_does_not_count()
    {
        var run = Run(Default with { Probe = new ProbeSpec("tcp", FreePorts.Next()), Retries = 1, StartPeriodSeconds = Never });
        Assert.Equal(Verdict.Open, Read(await run.Judge(Container("running", null), CancellationToken.None)));
    }

    [Fact]
    public async Task A_probe_that_still_fails_at_the_deadline_is_named_in_the_verdict()
    {
        var port = FreePorts.Next();
        var verdict = await Run(Default with { Probe = new ProbeSpec("tcp", port), DeadlineSeconds = 0 }).Judge(Container("running", null), CancellationToken.None);

        Assert.Equal(Verdict.TimedOut, Read(verdict));
        Assert.Contains($":{port}", verdict!.Error!.Health, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, Verdict.Passed)]
    [InlineData(Never, Verdict.Open)]
    public async Task A_probe_that_answers_passes_the_gate_once_it_has_for_long_enough(int? minHealthy, Verdict expected)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        Assert.Equal(expected, Read(await Run(Default with { Probe = new ProbeSpec("tcp", port), MinHealthySeconds = minHealthy }).Judge(Container("running", null), CancellationToken.None)));
    }

    [Fact]
    public async Task Between_two_probes_the_last_answer_stands_and_nobody_is_asked()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var run = Run(Default with { Probe = new ProbeSpec("tcp", port), MinHealthySeconds = Never, IntervalSeconds = 300 });
        Assert.Equal(Verdict.Open, Read(await run.Judge(Container("running", null), CancellationToken.None)));

        listener.Stop();

        Assert.Equal(Verdict.Open, Read(await run.Judge(Container("running", null), CancellationToken.None)));
        Assert.Equal(Verdict.CrashLoop, Read(await run.Judge(Container("restarted", null), CancellationToken.None)));
    }

    [Fact]
    public async Task The_containers_own_check_goes_before_the_probe()
    {
        var policy = Default with { Probe = new ProbeSpec("tcp", FreePorts.Next()), Retries = 1 };
        Assert.Equal(Verdict.Passed, Read(await Run(policy).Judge(Container("running", "healthy"), CancellationToken.None)));
        Assert.Equal(Verdict.Unhealthy, Read(await Run(policy).Judge(Container("running", "none"), CancellationToken.None)));
    }

    [Fact]
    public async Task Health_that_was_lost_begins_anew()
    {
        var run = Run(Default with { MinHealthySeconds = 0 });
        Assert.Equal(Verdict.Open, Read(await run.Judge(Container("running", "starting"), CancellationToken.None)));
        Assert.Equal(Verdict.Passed, Read(await run.Judge(Container("running", "healthy"), CancellationToken.None)));
        Assert.Equal(Verdict.Unhealthy, Read(await run.Judge(Container("running", "unhealthy"), CancellationToken.None)));
    }

    // One that its policy starts again is never seen to have ended for good.
    [Theory]
    [InlineData("no", 1, Verdict.Exited)]
    [InlineData("", 1, Verdict.Exited)]
    [InlineData("always", 0, Verdict.CrashLoop)]
    [InlineData("unless-stopped", 1, Verdict.CrashLoop)]
    [InlineData("on-failure", 1, Verdict.CrashLoop)]
    [InlineData("on-failure", 0, Verdict.Exited)]
    public async Task The_end_of_a_container_that_starts_again_by_itself_is_a_crash_loop(string policy, int exitCode, Verdict expected) =>
        Assert.Equal(expected, Read(await Run(Default).Judge(Container("exited", null, exitCode, policy: policy), CancellationToken.None)));

    [Theory]
    [InlineData("exited")]
    [InlineData("restarting")]
    public async Task The_end_tells_its_exit_code_and_want_of_memory(string status)
    {
        var verdict = await Run(Default).Judge(Container(status, null, exitCode: 137, outOfMemory: true), CancellationToken.None);
        Assert.Contains("code 137 (out of memory)", verdict!.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unhealthy_verdict_carries_the_checks_last_output()
    {
        var verdict = await Run(Default).Judge(Container("running", "unhealthy"), CancellationToken.None);
        Assert.Equal("second output", verdict!.Error!.Health);
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(0, 0)]
    public async Task The_next_look_comes_no_later_than_it_is_needed(int? minHealthy, int startPeriod)
    {
        var atLeastEvery = TimeSpan.FromSeconds(30);
        var run = Run(Default with { MinHealthySeconds = minHealthy, StartPeriodSeconds = startPeriod });
        await run.Judge(Container("running", null), CancellationToken.None);

        Assert.InRange(run.NextLook(atLeastEvery), TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_gate_that_waits_for_its_check_looks_at_least_so_often()
    {
        var run = Run(Default);
        await run.Judge(Container("running", "starting"), CancellationToken.None);
        Assert.Equal(TimeSpan.FromSeconds(2), run.NextLook(TimeSpan.FromSeconds(2)));
    }

    public static TheoryData<HealthPolicy, string?, string, double> Deadlines => new()
    {
        { Default with { DeadlineSeconds = 7, MinHealthySeconds = Never }, "starting", """{"Interval": 3600000000000}""", 7 },
        // A minute at least.
        { Default, null, "{}", 60 },
        { Default, "starting", """{"Interval": 1000000000, "Timeout": 1000000000, "Retries": 1}""", 60 },
        // What is left out of a check is Docker's default: 30 s, 30 s, three times.
        { Default, "starting", "{}", ((30 + 30) * 4) + 10 },
        { Default, "starting", """{"Interval": 0, "Timeout": 0, "Retries": 0, "StartPeriod": 0}""", ((30 + 30) * 4) + 10 },
        { Default, "starting", """{"Interval": 20000000000, "Timeout": 5000000000, "Retries": 4, "StartPeriod": 90000000000}""", 90 + (25 * 5) + 10 },
        { Default with { MinHealthySeconds = 100 }, "starting", """{"Interval": 20000000000, "Timeout": 5000000000, "Retries": 4}""", (25 * 5) + 100 + 10 },
        { Default with { MinHealthySeconds = 500 }, null, "{}", 0 + (2 * 4) + 500 + 10 },
        { Default with { StartPeriodSeconds = 200, IntervalSeconds = 10, Retries = 5, Probe = new ProbeSpec("tcp", 1) }, null, "{}", 200 + (10 * 6) + 5 + 10 },
    };

    [Theory]
    [MemberData(nameof(Deadlines))]
    public void The_deadline_leaves_time_for_the_verdict(HealthPolicy policy, string? health, string check, double seconds) =>
        Assert.Equal(seconds, HealthGate.Deadline(policy, Container("running", health, check: check)).TotalSeconds);

    private static GateRun Run(HealthPolicy policy) => new(policy, "api", "127.0.0.1", new Probes(new NoHttp()));

    private static Verdict Read(GateVerdict? verdict) => verdict switch
    {
        null => Verdict.Open,
        { Error: null } => Verdict.Passed,
        _ => verdict.Error.Code switch
        {
            DeploymentErrorCodes.Unhealthy => Verdict.Unhealthy,
            DeploymentErrorCodes.ContainerExited => Verdict.Exited,
            DeploymentErrorCodes.CrashLoop => Verdict.CrashLoop,
            DeploymentErrorCodes.HealthTimeout => Verdict.TimedOut,
            var code => throw new InvalidOperationException(code),
        },
    };

    private static ContainerInspection Container(string status, string? health, int exitCode = 0, bool outOfMemory = false, string check = "{}", string policy = "no")
    {
        var restarted = status == "restarted";
        var running = status is "running" or "restarting" or "restarted";
        var seen = health is null ? null : new ContainerHealth(health, health == "unhealthy" ? 3 : 0, health == "unhealthy" ? [new(1, "first output"), new(1, "second output")] : []);
        var state = new ContainerState(
            restarted ? "running" : status, running, status == "restarting", false, outOfMemory, exitCode, "", status == "created" ? null : DateTimeOffset.UtcNow, null, seen);
        return new ContainerInspection(
            "id", "api", "sha256:1", DateTimeOffset.UtcNow, restarted ? 1 : 0, state, new RestartPolicy(policy), new Dictionary<string, string>(),
            new JsonObject { ["Config"] = new JsonObject { ["Healthcheck"] = JsonNode.Parse(check) } });
    }

    private sealed class NoHttp : IHttpClientFactory
    {
        public HttpClient CreateClient(string name) => throw new InvalidOperationException("These tests probe by TCP.");
    }
}
