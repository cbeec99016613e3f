using System.Text.Json.Nodes;
using DeployHub.Docker;
using Xunit;

namespace DeployHub.Tests.Docker;

public abstract class ContainerTests(EngineKind kind) : EngineTest(kind)
{
    [Fact]
    public async Task The_engine_says_who_it_is()
    {
        await Engine.Ping(Ct);
        var info = await Engine.GetInfo(Ct);

        Assert.NotEmpty(info.Id);
        Assert.Equal("linux", info.OsType);
        Assert.InRange(Version.Parse(info.ApiVersion), new Version(1, 41), new Version(1, 47));
        Assert.InRange(info.NCpu, 1, 4096);
    }

    [Fact]
    public async Task A_container_lives_its_life()
    {
        var id = await Create("life", "exit 3");
        var created = await Engine.GetContainer(id, Ct);
        Assert.Equal((id, Name("life"), "created", false), (created.Id, created.Name, created.State.Status, created.State.Running));
        Assert.Null(created.State.StartedAt);
        Assert.Null(created.State.FinishedAt);
        Assert.Null(created.State.Health);
        Assert.Equal("image", created.Labels["from"]);
        Assert.Equal((await Engine.GetImage(BusyboxImage.Name, Ct)).Id, created.Image);

        Assert.True(await Engine.StartContainer(id, Ct));
        Assert.Equal(3, await Engine.WaitContainer(id, Ct));

        var ended = (await Engine.GetContainer(Name("life"), Ct)).State;
        Assert.Equal(("exited", 3, false), (ended.Status, ended.ExitCode, ended.OomKilled));
        Assert.True(created.Created < ended.StartedAt && created.Created < ended.FinishedAt);
        await Engine.RemoveContainer(id, ct: Ct);
        Assert.Null(await Engine.FindContainer(id, Ct));
        await Assert.ThrowsAsync<EngineNotFoundException>(() => Engine.GetContainer(id, Ct));
        await Assert.ThrowsAsync<EngineNotFoundException>(() => Engine.RemoveContainer(id, ct: Ct));
    }

    [Fact]
    public async Task Start_and_stop_say_whether_they_changed_anything()
    {
        var id = await Run("twice", "sleep 1000");

        Assert.False(await Engine.StartContainer(id, Ct));
        Assert.True(await Engine.StopContainer(id, TimeSpan.FromSeconds(1), Ct));
        Assert.False(await Engine.StopContainer(id, TimeSpan.FromSeconds(1), Ct));
        await Engine.RestartContainer(id, TimeSpan.Zero, Ct);
        Assert.True((await Engine.GetContainer(id, Ct)).State.Running);
        await Engine.KillContainer(id, "SIGKILL", Ct);
        Assert.Equal(137, await Engine.WaitContainer(id, Ct));
        await Assert.ThrowsAsync<EngineConflictException>(() => Engine.KillContainer(id, "SIGKILL", Ct));
    }

    [Fact]
    public async Task A_stop_may_take_its_grace_beyond_the_call_timeout()
    {
        var id = await Run("stubborn", "trap '' TERM; while :; do sleep 1; done", body => body["StopSignal"] = "SIGTERM");
        using var hasty = new EngineClient(Endpoint, new EngineClientOptions { CallTimeout = TimeSpan.FromSeconds(1.5) });

        Assert.True(await hasty.StopContainer(id, TimeSpan.FromSeconds(2), Ct));
    }

    [Fact]
    public async Task A_name_in_use_is_a_conflict_and_a_rename_frees_it()
    {
        var first = await Create("name", "true");
        await Assert.ThrowsAsync<EngineConflictException>(() => Create("name", "true"));

        await Engine.RenameContainer(first, Name("name.old"), Ct);
        var second = await Create("name", "true");

        Assert.Equal((Name("name.old"), Name("name")), ((await Engine.GetContainer(first, Ct)).Name, (await Engine.GetContainer(second, Ct)).Name));
        await Assert.ThrowsAsync<EngineConflictException>(() => Engine.RenameContainer(second, Name("name.old"), Ct));
        await Assert.ThrowsAsync<EngineBadRequestException>(() => Engine.RenameContainer(second, Name("name"), Ct));
        await Assert.ThrowsAsync<EngineNotFoundException>(() => Engine.RenameContainer(Name("nobody"), Name("x"), Ct));
    }

    [Fact]
    public async Task A_running_container_is_not_removed_without_force()
    {
        var id = await Run("busy", "sleep 1000");

        await Assert.ThrowsAsync<EngineConflictException>(() => Engine.RemoveContainer(id, ct: Ct));
        await Engine.RemoveContainer(id, force: true, ct: Ct);
    }

    [Fact]
    public async Task What_cannot_be_created_or_started_says_why()
    {
        await Assert.ThrowsAsync<ImageNotFoundException>(() => Create("noimage", "true", body => body["Image"] = "no-such-image:v1"));
        await Assert.ThrowsAsync<EngineBadRequestException>(() => Create("nomount", "true", body => body["HostConfig"]!["Mounts"] =
            new JsonArray(new JsonObject { ["Type"] = "bind", ["Source"] = "/no/such/folder", ["Target"] = "/x" })));
        var noProgram = await Create("noprogram", "true", body => body["Entrypoint"] = new JsonArray("/no/such/program"));
        Assert.Contains("no such file", (await Assert.ThrowsAsync<EngineBadRequestException>(() => Engine.StartContainer(noProgram, Ct))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restart_policy_is_changed_and_read_back()
    {
        var id = await Run("policy", "exit 1", body => body["HostConfig"]!["RestartPolicy"] = new JsonObject { ["Name"] = "on-failure", ["MaximumRetryCount"] = 2 });
        Assert.Equal(new RestartPolicy("on-failure", 2), (await Engine.GetContainer(id, Ct)).RestartPolicy);
        await Engine.WaitContainer(id, Ct);

        await Engine.UpdateRestartPolicy(id, new RestartPolicy("no"), Ct);

        Assert.Equal(new RestartPolicy("no"), (await Engine.GetContainer(id, Ct)).RestartPolicy);
    }

    [Fact]
    public async Task A_health_check_is_read_with_its_last_words()
    {
        await using var events = await Engine.OpenEvents(new Dictionary<string, string[]> { ["event"] = ["health_status"] }, Ct);
        var id = await Run("sick", "sleep 1000", body => body["Healthcheck"] = new JsonObject
        {
            ["Test"] = new JsonArray("CMD", "/bin/sh", "-c", "echo cannot; exit 1"), ["Interval"] = 100_000_000, ["Retries"] = 1,
        });

        await events.ReadAll(Ct).FirstAsync(happened => happened.ActorId == id && happened.Action == "health_status: unhealthy", Ct).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Ct);

        var health = (await Engine.GetContainer(id, Ct)).State.Health;
        Assert.NotNull(health);
        Assert.Equal("unhealthy", health.Status);
        Assert.Contains(health.Log, probe => probe is { ExitCode: 1, Output: "cannot\n" });
        Assert.True(health.FailingStreak >= 1);
    }

    [Fact]
    public async Task Lists_are_filtered_by_label_and_show_ports()
    {
        var id = await Run("listed", "sleep 1000", body =>
        {
            body["Labels"]!["wanted"] = Name("yes, \"quoted\" & odd");
            body["ExposedPorts"] = new JsonObject { ["80/tcp"] = new JsonObject() };
            body["HostConfig"] = new JsonObject
            {
                ["NetworkMode"] = "bridge",
                ["PortBindings"] = new JsonObject { ["80/tcp"] = new JsonArray(new JsonObject { ["HostIp"] = "127.0.0.1", ["HostPort"] = "" }) },
            };
        });

        var found = Assert.Single(await Engine.ListContainers(new Dictionary<string, string[]> { ["label"] = [$"wanted={Name("yes, \"quoted\" & odd")}"] }, all: false, Ct));

        Assert.Equal((id, "running", BusyboxImage.Name, Name("listed")), (found.Id, found.State, found.Image, Assert.Single(found.Names)));
        var port = Assert.Single(found.Ports);
        Assert.Equal(("127.0.0.1", 80, "tcp"), (port.Ip, port.PrivatePort, port.Type));
        Assert.NotNull(port.PublicPort);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_the_servers_error()
    {
        var first = await Run("port", "sleep 1000", body => Publish(body, ""));
        var taken = Assert.Single(Assert.Single(await Engine.ListContainers(new Dictionary<string, string[]> { ["id"] = [first] }, all: false, Ct)).Ports).PublicPort;
        var second = await Create("port2", "sleep 1000", body => Publish(body, $"{taken}"));

        var refused = await Assert.ThrowsAsync<EngineServerException>(() => Engine.StartContainer(second, Ct));

        Assert.Contains("already allocated", refused.Message, StringComparison.Ordinal);
        Assert.Equal(500, refused.StatusCode);

        static void Publish(JsonObject body, string port)
        {
            body["ExposedPorts"] = new JsonObject { ["80/tcp"] = new JsonObject() };
            body["HostConfig"] = new JsonObject
            {
                ["NetworkMode"] = "bridge",
                ["PortBindings"] = new JsonObject { ["80/tcp"] = new JsonArray(new JsonObject { ["HostIp"] = "127.0.0.1", ["HostPort"] = port }) },
            };
        }
    }
}

public sealed class RealContainerTests() : ContainerTests(EngineKind.Real);

public sealed class SimulatedContainerTests() : ContainerTests(EngineKind.Simulated);
