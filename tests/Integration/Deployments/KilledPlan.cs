using System.Diagnostics;
using DeployHub.Domain.Deployments;
using DeployHub.Integration.Hub;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Deployments;

/// <summary>A plan of one step on a server of its own, which is brought to one point and stands there.</summary>
public sealed class KilledPlan(KillPoint point, DockerEngine engine) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan LastLooks = TimeSpan.FromSeconds(5);
    private readonly EngineProxy _proxy = new(engine.Uri);
    private Shop _shop = null!;
    private string _name = "";
    private string _old = "";
    private (string Old, string New) _image;
    private Stopwatch _sinceKilled = new();
    private int _callsBefore;

    public KillPoint Point { get; } = point;

    public Guid Id { get; private set; }

    /// <summary>Brings it as far as the act before, and lets the act begin.</summary>
    public async Task Begin(RunningHub hub, Registry registry, StatementGate? gate)
    {
        _shop = await Shop.Open(hub, engine, registry: registry);
        var server = await _shop.AddServer("doomed", _proxy.Endpoint);
        _name = await _shop.AddService("api", new { restartPolicy = "always", stopGraceSeconds = 1 }, new { minHealthySeconds = 1 }, servers: server);
        // The engine asks for as long as the container runs, and each time costs.
        var sick = TestImage.Serving("v2").Unhealthy(TimeSpan.FromSeconds(3));
        _image = (
            (await registry.Push(TestImage.Serving("v1"), _shop.Repository, "v1")).ImageId,
            (await registry.Push(Point.Act == KilledAct.Restore ? sick : TestImage.Serving("v2"), _shop.Repository, "v2")).ImageId);
        await Ended(await _shop.Submit(new { imageTag = "v1" }), "completed");
        _old = await Shop.ContainerId(engine, _name);
        if (Point.Act is KilledAct.Prepare or KilledAct.Deploy or KilledAct.Finalize)
        {
            await Arm(gate, Point.Act == KilledAct.Finalize ? StepAct.Finalize : StepAct.Deploy);
            Id = Guid.Parse(await _shop.Submit(new { imageTag = "v2" }));
            return;
        }

        Id = Guid.Parse(await _shop.Submit(new { imageTag = "v2", autoRollback = false }));
        await Ended($"{Id}", Point.Act == KilledAct.Restore ? "failed" : "completed");
        await Arm(gate, StepAct.Rollback);
        Assert.Equal(202, (await _shop.Ask($"{Id}", "rollback")).Status);
    }

    /// <summary>It stands at its call; one whose claim is held is the gate's matter.</summary>
    public async Task Stands()
    {
        if (Point.Moment == KillMoment.Claim)
        {
            return;
        }

        try
        {
            await _proxy.Holding.WaitAsync(Patience);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"Never came to «{Point.Title}».{Environment.NewLine}{string.Join('\n', _proxy.With(""))}{Environment.NewLine}{await Look()}", e);
        }
    }

    /// <summary>Lets the call that it stands at pass, and all after it.</summary>
    public void GoOn()
    {
        _proxy.Decide = _ => Fate.Pass;
        _proxy.Release();
    }

    /// <summary>The dead worker's connections end, and the next one's calls pass.</summary>
    public void EndCalls()
    {
        _sinceKilled = Stopwatch.StartNew();
        _proxy.Decide = _ => Fate.Pass;
        _proxy.Drop();
    }

    public async Task EndsAsItMust()
    {
        var (wanted, made) = Point.Act switch
        {
            KilledAct.Prepare or KilledAct.Deploy or KilledAct.Finalize => ($"completed success, another {_image.New}", 1),
            KilledAct.Restore => ($"rolled_back failed restored, the same {_image.Old}", 0),
            _ => ($"rolled_back rolled_back restored recreated, another {_image.Old}", 1),
        };

        // All plans of a round were killed at once, so their time runs out at once.
        var left = Patience - _sinceKilled.Elapsed;
        left = left > LastLooks ? left : LastLooks;
        await Wait($"{Id}", left);
        try
        {
            await Eventually.Equal($"{wanted} always, {_name}=running, work 0, locks 0, messages 0, made {made}", Look, left, Point.Title);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}{Environment.NewLine}{string.Join('\n', _proxy.With(""))}{Environment.NewLine}{_shop.Hub.Log()}", e);
        }
    }

    public ValueTask DisposeAsync()
    {
        _proxy.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task Arm(StatementGate? gate, StepAct act)
    {
        if (Point.Moment == KillMoment.Claim)
        {
            await gate!.Hold("step_leases", $"OLD.attempts = 0 AND NEW.attempts = 1 AND NEW.act = {(int)act}", _shop.EnvironmentId);
        }
        else if (Point.Moment == KillMoment.Verdict)
        {
            await gate!.Hold("deployment_steps", "OLD.status <> 'success' AND NEW.status = 'success'", _shop.EnvironmentId);
        }

        _callsBefore = _proxy.With("").Count;
        if (Point.Moment != KillMoment.Claim)
        {
            // From the point on nothing comes through: whatever the worker does beside it has no more effect either.
            _proxy.Decide = line => _proxy.Holding.IsCompleted ? Fate.Held
                : Point.Is(line, _proxy.With("").Skip(_callsBefore), _old, _name) ? Point.How : Fate.Pass;
        }
    }

    // Over, and cleaned up after.
    private async Task Ended(string id, string status)
    {
        await Wait(id, Patience);
        await Eventually.Equal(
            $"{status} 0", async () => $"{(string)(await _shop.Plan(id))["status"]!} {await _shop.Hub.Read(db => db.WorkItems.CountAsync(x => x.PlanId == Guid.Parse(id)))}", Patience, Point.Title);
    }

    // One call instead of many looks: the machine has other plans to look after.
    private Task Wait(string id, TimeSpan most) => _shop.Hub.Api.Get($"/api/deployment-plans/{id}", ("Prefer", $"wait={(int)Math.Min(60, most.TotalSeconds)}"));

    private async Task<string> Look()
    {
        var plan = await _shop.Plan($"{Id}");
        var step = plan["steps"]![0]!;
        var serving = (await engine.Docker("inspect", "-f", "{{.Id}} {{.Image}} {{.HostConfig.RestartPolicy.Name}}", _name)).Trim().Split(' ');
        var rows = await _shop.Hub.Read(async db =>
            $"work {await db.WorkItems.CountAsync(x => x.PlanId == Id)}, locks {await db.TargetLocks.CountAsync(x => x.PlanId == Id)}, messages {await db.Outbox.CountAsync(x => x.CorrelationId == Id)}");
        var made = _proxy.With("").Skip(_callsBefore).Count(x => x.Contains("/containers/create", StringComparison.Ordinal));
        return $"{plan["status"]} {step["status"]}{((bool?)step["restored"] == true ? " restored" : "")}{((bool?)step["recreated"] == true ? " recreated" : "")}, "
            + $"{(serving[0] == _old ? "the same" : "another")} {serving[1]} {serving[2]}, {await _shop.Containers(engine)}, {rows}, made {made}";
    }
}
