using DeployHub.Integration.Hub;
using DeployHub.Servers;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Deployments;

/// <summary>
/// One life of the workers: a plan stands at each point, one SIGKILL ends the workers there, new ones start, and every plan is looked at.
/// The servers are its own.
/// </summary>
public abstract class KillRound : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly KillPoint[] _points;
    private readonly Stack<IAsyncDisposable> _servers = new();
    private readonly Lazy<Task<KilledPlan[]>> _plans;
    private RunningHub _hub = null!;
    private DockerEngine _engine = null!;
    private RabbitMq? _broker;

    protected KillRound(KillPoint[] points, bool distributed)
    {
        _points = points;
        _plans = new(distributed ? Distributed : Standalone);
    }

    public async Task EndsAsItMust(string title) => await (await _plans.Value).Single(x => x.Point.Title == title).EndsAsItMust();

    /// <summary>Once all plans have ended nothing is left of them but what serves.</summary>
    public async Task NothingIsLeft()
    {
        foreach (var plan in await _plans.Value)
        {
            await plan.EndsAsItMust();
        }

        await _hub.Quiet(_broker);
        Assert.Equal(_points.Length, (await _engine.Docker("ps", "-aq")).Split('\n').Length);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        while (_servers.TryPop(out var server))
        {
            await server.DisposeAsync();
        }
    }

    private async Task<KilledPlan[]> Standalone()
    {
        var registry = await StartServers();
        _hub = Own(await RunningHub.Standalone());
        var plans = await Stand(registry, null);
        await Kill(plans);
        await _hub.Start();
        return plans;
    }

    private async Task<KilledPlan[]> Distributed()
    {
        var starting = RabbitMq.Start();
        var registry = await StartServers();
        var postgres = Own(await Postgres.Start());
        _broker = Own(await starting);
        var line = Own(new BrokerProxy(_broker.Uri));
        var database = await postgres.CreateDatabase("deployhub");
        _hub = Own(await RunningHub.Distributed(database, line.Uri, workers: 2));
        var gate = Own(await StatementGate.Open(database));
        var plans = await Stand(registry, gate);
        await GoOnToTheirMoments(plans, line, gate);
        await Kill(plans);
        line.Drop();
        await gate.Drop();
        await _hub.Start();
        return plans;
    }

    private async Task<Registry> StartServers()
    {
        _engine = Own(await DockerEngine.Start());
        return Own(await Registry.Start());
    }

    private async Task<KilledPlan[]> Stand(Registry registry, StatementGate? gate)
    {
        var plans = Array.ConvertAll(_points, point => Own(new KilledPlan(point, _engine)));
        // A preparation waits for its engine for less long than the others may need to come to their points.
        foreach (var group in plans.GroupBy(plan => plan.Point.Act == KilledAct.Prepare).OrderBy(group => group.Key))
        {
            await Task.WhenAll(group.Select(plan => plan.Begin(_hub, registry, gate)));
            await Task.WhenAll(group.Select(plan => plan.Stands()));
        }

        if (gate is not null)
        {
            await Eventually.Equal((long)_points.Count(x => x.Moment == KillMoment.Claim), gate.Held, Patience);
        }

        return plans;
    }

    // Those that lie between a commit and a message come last, since holding them up holds up others as well.
    private async Task GoOnToTheirMoments(KilledPlan[] plans, BrokerProxy line, StatementGate gate)
    {
        KilledPlan[] Of(KillMoment moment) => [.. plans.Where(x => x.Point.Moment == moment)];
        await using (var tap = await BusTap.Start(_broker!))
        {
            line.HoldAnswers();
            foreach (var plan in Of(KillMoment.Published))
            {
                plan.GoOn();
                await Eventually.True(() => tap.Heard.Contains($"{plan.Id}", StringComparison.Ordinal), Patience);
                await IsStored(plan);
            }

            line.HoldSending();
            foreach (var plan in Of(KillMoment.Stored))
            {
                plan.GoOn();
                await IsStored(plan);
                Assert.DoesNotContain($"{plan.Id}", tap.Heard, StringComparison.Ordinal);
            }
        }

        foreach (var plan in Of(KillMoment.Verdict))
        {
            plan.GoOn();
        }

        await Eventually.Equal((long)_points.Count(x => x.Moment is KillMoment.Claim or KillMoment.Verdict), gate.Held, Patience);
    }

    private Task IsStored(KilledPlan plan) => Eventually.Equal(
        "work 0, messages 1",
        () => _hub.Read(async db => $"work {await db.WorkItems.CountAsync(x => x.PlanId == plan.Id)}, messages {await db.Outbox.CountAsync(x => x.CorrelationId == plan.Id && x.Token == null)}"),
        Patience,
        plan.Point.Title);

    private async Task Kill(KilledPlan[] plans)
    {
        await _hub.KillWorkers();
        Array.ForEach(plans, plan => plan.EndCalls());
    }

    private T Own<T>(T server) where T : IAsyncDisposable
    {
        _servers.Push(server);
        return server;
    }
}
