using System.Text.Json.Nodes;
using DeployHub.Integration.Hub;
using DeployHub.Servers;

namespace DeployHub.Integration.Deployments;

/// <summary>Plans that get into each other's way, are cancelled and are gone on with, the same in both shapes: REST in, real containers out.</summary>
public abstract class CancelTests(HubFixture fixture)
{
    [Fact]
    public async Task A_plan_that_waits_says_for_what_and_ends_at_once_when_it_is_cancelled()
    {
        await using var bed = await Bed.Open(fixture, "api");
        var (running, waiting) = await bed.Blocked();

        var queued = await bed.Shop.Plan(waiting);
        Assert.Equal((running, "running", bed.Names[0]), (
            (string)queued["waitsFor"]![0]!["planId"]!, (string)queued["waitsFor"]![0]!["status"]!, (string)queued["waitsFor"]![0]!["targets"]![0]!));
        var accepted = await bed.Shop.Ask(waiting, "cancel", new { rollback = true });
        Assert.Equal((202, "admin"), (accepted.Status, (string)accepted.Json!["plan"]!["cancelledBy"]!));
        var ended = await bed.Shop.End(waiting);

        Assert.Equal("cancelled", (string)ended["status"]!);
        Assert.Equal("skipped", (string)ended["steps"]![0]!["status"]!);
        Refused(await bed.Shop.Ask(waiting, "cancel"), "cancelled");
        Assert.Equal("running", (string)(await bed.Shop.Plan(running))["status"]!);
        await bed.TakeBack(running);
    }

    [Fact]
    public async Task A_plan_that_is_cancelled_at_the_gate_is_taken_back_to_the_very_containers()
    {
        await using var bed = await Bed.Open(fixture, "one", "two", "three");
        bed.HoldUp("two");
        var plan = await bed.Shop.Submit(new { imageTag = "v2" });
        await bed.IsHeld(plan, 1);

        var accepted = await bed.Shop.Ask(plan, "cancel");
        var again = await bed.Shop.Ask(plan, "cancel", new { rollback = true });
        var otherwise = await bed.Shop.Ask(plan, "cancel", new { rollback = false });
        var ended = await bed.Shop.End(plan);

        // Without «rollback» it is the plan's own rule, and that is to take back.
        Assert.Equal((202, "cancelling"), (accepted.Status, (string)accepted.Json!["plan"]!["status"]!));
        Assert.Contains(again.Status, new[] { 202, 409 });
        Assert.Equal(409, otherwise.Status);
        Assert.Equal(("rolled_back", "admin"), ((string)ended["status"]!, (string)ended["cancelledBy"]!));
        Assert.Equal(["rolled_back", "rolled_back", "skipped"], Steps(ended));
        await bed.IsAsBefore();
    }

    [Fact]
    public async Task A_plan_that_is_cancelled_and_kept_ends_the_step_in_flight_and_can_be_taken_back_later()
    {
        await using var bed = await Bed.Open(fixture, "one", "two", "three");
        await bed.GateOf("two", 6);
        var plan = await bed.Shop.Submit(new { imageTag = "v2" });
        await bed.Shop.InPhase(plan, 1, "verifying");

        Assert.Equal(202, (await bed.Shop.Ask(plan, "cancel", new { rollback = false })).Status);
        var ended = await bed.Shop.End(plan);

        Assert.Equal(("cancelled", "admin"), ((string)ended["status"]!, (string)ended["cancelledBy"]!));
        Assert.Equal(["success", "success", "skipped"], Steps(ended));
        Assert.Equal(bed.Before[2], await Shop.ContainerId(bed.Engine, bed.Names[2]));
        Assert.NotEqual(bed.Before[1], await Shop.ContainerId(bed.Engine, bed.Names[1]));
        Assert.Equal("rolled_back", (string)(await bed.Shop.Rollback(plan))["status"]!);
        await bed.IsAsBefore();
    }

    [Fact]
    public async Task A_cancelled_plan_that_was_kept_goes_on_when_it_is_retried()
    {
        await using var bed = await Bed.Open(fixture, "one", "two");
        await bed.GateOf("one", 4);
        var plan = await bed.Shop.Submit(new { imageTag = "v2" });
        await bed.Shop.InPhase(plan, 0, "verifying");
        await bed.Shop.Ask(plan, "cancel", new { rollback = false });
        Assert.Equal("cancelled", (string)(await bed.Shop.End(plan))["status"]!);
        var first = await Shop.ContainerId(bed.Engine, bed.Names[0]);

        Assert.Equal(202, (await bed.Shop.Ask(plan, "retry")).Status);
        var ended = await bed.Shop.End(plan);

        Assert.Equal(("completed", null), ((string)ended["status"]!, (string?)ended["cancelledBy"]));
        Assert.Equal(first, await Shop.ContainerId(bed.Engine, bed.Names[0]));
        await bed.AllRunAlone();
    }

    [Fact]
    public async Task A_cancel_that_was_accepted_is_never_overtaken_by_the_plans_end()
    {
        await using var bed = await Bed.Open(fixture, "one", "two");
        var ends = new List<string>();
        for (var i = 0; i < 8; i++)
        {
            // As near to the end as a caller can get: the last container has taken over, and its check is about to pass.
            var plan = await bed.Shop.Submit(new { imageTag = i % 2 == 0 ? "v2" : "v1", maxParallel = 2 });
            await Eventually.Value(() => bed.Shop.Plan(plan), x => (int)x["counts"]!["success"]! > 0, TimeSpan.FromSeconds(60));
            var cancelled = (await bed.Shop.Ask(plan, "cancel", new { rollback = false })).Status == 202;
            ends.Add($"{(cancelled ? "cancelled" : "completed")}={(string)(await bed.Shop.End(plan))["status"]!}");
        }

        Assert.All(ends, end => Assert.Equal(end.Split('=')[0], end.Split('=')[1]));
    }

    [Fact]
    public async Task A_rollback_is_not_broken_off_and_what_has_ended_says_how()
    {
        await using var bed = await Bed.Open(fixture, "api");
        await bed.GateOf("api", 5);
        await bed.Registry.Push(TestImage.Serving("v3") with { Health = new HealthCheck(["/bin/busybox", "false"], TimeSpan.FromSeconds(1), Retries: 1) }, bed.Shop.Repository, "v3");
        var plan = await bed.Shop.Submit(new { imageTag = "v3" });
        await bed.Shop.InPhase(plan, 0, "restoring");

        Refused(await bed.Shop.Ask(plan, "cancel", new { rollback = false }), "rolling_back");
        Assert.Equal("rolled_back", (string)(await bed.Shop.End(plan))["status"]!);
        Refused(await bed.Shop.Ask(plan, "cancel"), "rolled_back");
        Refused(await bed.Shop.Ask(plan, "retry"), "rolled_back");
        Refused(await bed.Shop.Ask(bed.FirstPlan, "cancel"), "completed");
        await bed.IsAsBefore();
    }

    [Fact]
    public async Task The_newest_plan_supersedes_those_that_wait_and_waits_for_the_one_that_runs()
    {
        await using var bed = await Bed.Open(fixture, "api");
        var (running, second) = await bed.Blocked();
        var third = await bed.Shop.Submit(new { imageTag = "v1" });

        var newest = await bed.Shop.Submit(new { imageTag = "v2", onConflict = "supersede" });

        foreach (var older in new[] { second, third })
        {
            var ended = await bed.Shop.End(older);
            Assert.Equal(("superseded", newest, "skipped"), ((string)ended["status"]!, (string)ended["supersededBy"]!, (string)ended["steps"]![0]!["status"]!));
            Refused(await bed.Shop.Ask(older, "retry"), "superseded");
        }

        await Eventually.Value(() => bed.Shop.Plan(newest), plan => (string)plan["status"]! == "queued" && (string?)plan["waitsFor"]![0]!["planId"] == running);
        await bed.TakeBack(running);
        Assert.Equal("completed", (string)(await bed.Shop.End(newest))["status"]!);
        await bed.AllRunAlone();
    }

    [Fact]
    public async Task A_plan_that_would_have_to_wait_is_rejected_and_names_the_one_in_the_way()
    {
        await using var bed = await Bed.Open(fixture, "api");
        var (running, waiting) = await bed.Blocked();
        var before = await Plans(bed);

        var refused = await bed.Shop.Hub.Api.Post($"/api/container-images/{bed.Shop.ImageId}/deploy", new { imageTag = "v1", onConflict = "reject" });

        Assert.Equal((409, "CONFLICT", "onConflict"), (refused.Status, (string)refused.Json!["code"]!, (string)refused.Json["field"]!));
        Assert.Contains(running, refused.Text, StringComparison.Ordinal);
        Assert.Contains(bed.Names[0], refused.Text, StringComparison.Ordinal);
        Assert.Equal(before, await Plans(bed));
        await bed.TakeBack(running);
        Assert.Equal("completed", (string)(await bed.Shop.End(waiting))["status"]!);
        Assert.Equal("completed", (string)(await bed.Shop.Deploy(new { imageTag = "v2", onConflict = "reject" }))["status"]!);
    }

    [Fact]
    public async Task A_failed_plan_goes_on_with_the_steps_that_did_not_succeed_and_means_what_it_meant()
    {
        await using var bed = await Bed.Open(fixture, "one", "two", "three");
        bed.Break("two");
        var failed = await bed.Shop.Deploy(new { imageTag = "v2", autoRollback = false });
        Assert.Equal(("failed", "UNHEALTHY"), ((string)failed["status"]!, (string)failed["error"]!["code"]!));
        Assert.Equal(["success", "failed", "skipped"], Steps(failed));
        var plan = (string)failed["id"]!;
        var (done, broken) = (await Shop.ContainerId(bed.Engine, bed.Names[0]), await Shop.ContainerId(bed.Engine, bed.Names[1]));
        await bed.Registry.Push(bed.Image("other"), bed.Shop.Repository, "v2");

        // The cause is still there: it fails again, and nothing is lost by that.
        Assert.Equal(202, (await bed.Shop.Ask(plan, "retry")).Status);
        Assert.Equal("failed", (string)(await bed.Shop.End(plan))["status"]!);
        bed.Mend("two");
        var accepted = await bed.Shop.Ask(plan, "retry");
        var ended = await bed.Shop.End(plan);

        Assert.Equal((202, "admin"), (accepted.Status, (string)accepted.Json!["plan"]!["retriedBy"]!));
        Assert.Equal("completed", (string)ended["status"]!);
        Assert.Null(ended["error"]);
        Assert.Equal(["success", "success", "success"], Steps(ended));
        Assert.Equal((string)failed["imageDigest"]!, (string)ended["imageDigest"]!);
        Assert.Equal(done, await Shop.ContainerId(bed.Engine, bed.Names[0]));
        Assert.NotEqual(broken, await Shop.ContainerId(bed.Engine, bed.Names[1]));
        await bed.AllRunAlone();
        Assert.Equal("rolled_back", (string)(await bed.Shop.Rollback(plan))["status"]!);
        await bed.AllRunAlone();
    }

    [Fact]
    public async Task A_retry_that_is_cancelled_at_the_gate_takes_back_all_that_the_plan_ever_touched()
    {
        await using var bed = await Bed.Open(fixture, "one", "two");
        bed.Break("two");
        var plan = (string)(await bed.Shop.Deploy(new { imageTag = "v2", autoRollback = false }))["id"]!;
        bed.HoldUp("two");
        await bed.Shop.Ask(plan, "retry");
        await bed.IsHeld(plan, 1);

        await bed.Shop.Ask(plan, "cancel", new { rollback = true });
        var ended = await bed.Shop.End(plan);

        Assert.Equal("rolled_back", (string)ended["status"]!);
        await bed.IsAsBefore();
    }

    [Fact]
    public async Task A_plan_that_failed_before_anything_was_touched_is_prepared_again()
    {
        await using var bed = await Bed.Open(fixture, "api");
        var failed = await bed.Shop.Deploy(new { imageTag = "v7" });
        Assert.Equal(("failed", "IMAGE_NOT_FOUND"), ((string)failed["status"]!, (string)failed["error"]!["code"]!));
        var pushed = await bed.Registry.Push(bed.Image("v7"), bed.Shop.Repository, "v7");

        Assert.Equal(202, (await bed.Shop.Ask((string)failed["id"]!, "retry")).Status);
        var ended = await bed.Shop.End((string)failed["id"]!);

        Assert.Equal(("completed", pushed.Digest), ((string)ended["status"]!, (string)ended["imageDigest"]!));
        await bed.AllRunAlone();
    }

    [Fact]
    public async Task A_plan_that_was_overtaken_by_another_does_not_go_on()
    {
        await using var bed = await Bed.Open(fixture, "api");
        var failed = await bed.Shop.Deploy(new { imageTag = "v7" });
        var later = await bed.Shop.Deploy(new { imageTag = "v2" });

        Refused(await bed.Shop.Ask((string)failed["id"]!, "retry"), (string)later["id"]!);
    }

    [Fact]
    public async Task A_plan_that_was_rolled_back_in_part_goes_on_with_the_rollback()
    {
        await using var bed = await Bed.Open(fixture, "one", "two");
        bed.Break("two");
        var partial = await bed.Shop.Deploy(new { imageTag = "v2" });
        Assert.Equal("partially_rolled_back", (string)partial["status"]!);
        Assert.Equal(["rolled_back", "rollback_failed"], Steps(partial));
        var plan = (string)partial["id"]!;
        Refused(await bed.Shop.Ask(plan, "rollback"), "partially_rolled_back");

        bed.Mend("two");
        Assert.Equal(202, (await bed.Shop.Ask(plan, "retry")).Status);
        var ended = await bed.Shop.End(plan);

        Assert.Equal("rolled_back", (string)ended["status"]!);
        Assert.Equal(["rolled_back", "failed"], Steps(ended));
        Assert.Equal("UNHEALTHY", (string)ended["steps"]![1]!["error"]!["code"]!);
        Assert.True((bool)ended["steps"]![1]!["restored"]!);
        await bed.IsAsBefore();
    }

    private static IEnumerable<string> Steps(JsonNode plan) => plan["steps"]!.AsArray().Select(x => (string)x!["status"]!);

    private static async Task<int> Plans(Bed bed) =>
        (await bed.Shop.Hub.Api.Get($"/api/environments/{bed.Shop.EnvironmentId}/deployment-plans")).Json!["plans"]!.AsArray().Count;

    private static void Refused(Answer answer, string because)
    {
        Assert.Equal((409, "CONFLICT"), (answer.Status, (string)answer.Json!["code"]!));
        Assert.Contains(because, answer.Text, StringComparison.Ordinal);
    }

    /// <summary>Services that run v1; each is unhealthy while a file says so, whatever its version.</summary>
    private sealed class Bed : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("deployhub-bed-").FullName;
        private readonly Dictionary<string, string> _services = [];
        private readonly List<string> _ownNames = [];

        private Bed(Shop shop, DockerEngine engine, Registry registry) => (Shop, Engine, Registry) = (shop, engine, registry);

        public Shop Shop { get; }
        public DockerEngine Engine { get; }
        public Registry Registry { get; }
        public List<string> Names { get; } = [];
        public string[] Before { get; private set; } = [];
        public string FirstPlan { get; private set; } = "";

        public static async Task<Bed> Open(HubFixture fixture, params string[] services)
        {
            var (engine, registry) = await fixture.Servers();
            var bed = new Bed(await Shop.Open(await fixture.Hub(), engine, registry: registry), engine, registry);
            foreach (var service in services)
            {
                Directory.CreateDirectory(Path.Combine(bed._folder, service));
                bed._ownNames.Add(service);
                bed.Names.Add(await bed.Shop.AddService(service, new { volumes = new[] { new { source = Path.Combine(bed._folder, service), target = "/state" } } }));
            }

            foreach (var service in (await bed.Shop.Hub.Api.Get($"/api/environments/{bed.Shop.EnvironmentId}/services")).Json!["services"]!.AsArray())
            {
                bed._services[(string)service!["name"]!] = (string)service["id"]!;
            }

            await registry.Push(bed.Image("v1"), bed.Shop.Repository, "v1");
            await registry.Push(bed.Image("v2"), bed.Shop.Repository, "v2");
            var first = await bed.Shop.Deploy(new { imageTag = "v1", maxParallel = services.Length });
            Assert.Equal("completed", (string)first["status"]!);
            bed.FirstPlan = (string)first["id"]!;
            bed.Before = await Task.WhenAll(bed.Names.Select(name => Shop.ContainerId(engine, name)));
            await bed.AllRunAlone();
            return bed;
        }

        /// <summary>Healthy as soon as it is asked, unless its folder holds «broken»; «held» makes the check wait.</summary>
        public TestImage Image(string text) => TestImage.Serving(text) with
        {
            Health = new HealthCheck(
                ["/bin/busybox", "sh", "-c", "/bin/busybox test ! -e /state/held || /bin/busybox sleep 300; /bin/busybox test ! -e /state/broken"],
                TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(300), Retries: 1),
        };

        public void Break(string service) => File.WriteAllText(Path.Combine(_folder, service, "broken"), "");

        public void HoldUp(string service) => File.WriteAllText(Path.Combine(_folder, service, "held"), "");

        public void Mend(string service)
        {
            File.Delete(Path.Combine(_folder, service, "broken"));
            File.Delete(Path.Combine(_folder, service, "held"));
        }

        public async Task GateOf(string service, int seconds) =>
            Assert.Equal(200, (await Shop.Hub.Api.Patch($"/api/services/{_services[service]}", new { health = new { minHealthySeconds = seconds, deadlineSeconds = seconds + 60 } })).Status);

        /// <summary>A plan that holds the first service at its gate, and one that waits for it.</summary>
        public async Task<(string Running, string Waiting)> Blocked()
        {
            HoldUp(_ownNames[0]);
            var running = await Shop.Submit(new { imageTag = "v2" });
            await IsHeld(running, 0);
            var waiting = await Shop.Submit(new { imageTag = "v1" });
            await Eventually.Value(() => Shop.Plan(waiting), plan => (string)plan["status"]! == "queued");
            return (running, waiting);
        }

        /// <summary>The step's new container is at its gate, its check hangs, and any other's will not.</summary>
        public async Task IsHeld(string plan, int step)
        {
            await Shop.InPhase(plan, step, "verifying");
            await Eventually.True(async () => (await Engine.Docker("top", Names[step])).Contains("sleep 300", StringComparison.Ordinal));
            Mend(_ownNames[step]);
        }

        /// <summary>Ends a plan that is held.</summary>
        public async Task TakeBack(string plan)
        {
            Assert.Equal(202, (await Shop.Ask(plan, "cancel", new { rollback = true })).Status);
            Assert.Equal("rolled_back", (string)(await Shop.End(plan))["status"]!);
        }

        public async Task IsAsBefore()
        {
            await AllRunAlone();
            Assert.Equal(Before, await Task.WhenAll(Names.Select(name => Shop.ContainerId(Engine, name))));
        }

        /// <summary>Each service has one container, which runs, and nothing else is left.</summary>
        public Task AllRunAlone() => Eventually.Equal(string.Join(' ', Names.Order().Select(name => $"{name}=running")), () => Shop.Containers(Engine));

        public async ValueTask DisposeAsync()
        {
            foreach (var name in Names)
            {
                foreach (var id in (await Engine.Docker("ps", "-aq", "--filter", $"name={name}")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    await Engine.Docker("rm", "-f", id.Trim());
                }
            }

            Directory.Delete(_folder, recursive: true);
        }
    }
}

public sealed class StandaloneCancelTests(StandaloneHub fixture) : CancelTests(fixture), IClassFixture<StandaloneHub>;

public sealed class DistributedCancelTests(DistributedHub fixture) : CancelTests(fixture), IClassFixture<DistributedHub>;
