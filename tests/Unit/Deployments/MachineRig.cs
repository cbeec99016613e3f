using System.Collections.Concurrent;
using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Environments;
using DeployHub.Domain.Servers;
using DeployHub.Domain.Services;
using DeployHub.Hosting;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Work;
using DeployHub.Servers;
using DeployHub.Worker.Deployments;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DeployHub.Unit.Deployments;

/// <summary>A plan on the rig, and its steps in order.</summary>
public sealed record RigPlan(Guid Id, Guid[] Steps, Guid ServerId);

/// <summary>
/// The deployment machine on a SQLite file and the in-memory transport, without workers: the tests do the steps' work by writing what a
/// worker would write, and report it as one would.
/// </summary>
public sealed class MachineRig : IAsyncLifetime
{
    private const string Digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string _folder = Directory.CreateTempSubdirectory("deployhub-machine-").FullName;
    private readonly PublicEvents _events = new();
    private IHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        var settings = new HostSettings(new PersistenceOptions(null, Path.Combine(_folder, "hub.db")), null, _folder, new byte[32]);
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        builder.Services.AddSingleton(_events);
        builder.Services.AddPersistence(settings.Persistence);
        builder.Services.AddBus(settings, new MachineAlone());
        _host = builder.Build();
        await _host.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Accepts a plan as the Intake does. The names are those of containers on one engine.</summary>
    public Task<RigPlan> Submit(int steps = 1, int maxParallel = 1, bool autoRollback = true, string engine = "", params string[] containers) =>
        Accept(steps, maxParallel, autoRollback, engine, containers, begins: true);

    /// <summary>Accepts a plan whose command to the machine is slower than anything else.</summary>
    public Task<RigPlan> SubmitSlowly() => Accept(1, 1, autoRollback: true, "", [], begins: false);

    private async Task<RigPlan> Accept(int steps, int maxParallel, bool autoRollback, string engine, string[] containers, bool begins)
    {
        var plan = NewPlan(steps, maxParallel, autoRollback);
        engine = engine.Length > 0 ? engine : $"engine-{plan.Id}";
        var rows = NewSteps(plan, containers);
        var environment = new DeploymentEnvironment { Id = plan.EnvironmentId, Name = $"env-{plan.Id}" };
        var server = new Server { Id = rows[0].ServerId, EnvironmentId = environment.Id, Name = "web-1", Endpoint = "unix:///none", EngineId = engine };
        await Write(db =>
        {
            db.Environments.Add(environment);
            db.Servers.Add(server);
            db.Plans.Add(plan);
            db.Steps.AddRange(rows);
            db.LineUp(plan.Id, rows.Select(x => TargetLock.ForContainer(engine, x.ContainerName)));
            db.AddWork(StepAct.Prepare, plan.Id, plan.Id);
            db.Send(Queues.Steps, plan.Id, new PrepareDeployment(plan.Id));
            if (begins)
            {
                db.Send(Queues.Deployments, plan.Id, new BeginDeployment(plan.Id));
            }

            return Task.CompletedTask;
        });
        return new RigPlan(plan.Id, [.. rows.Select(x => x.Id)], server.Id);
    }

    /// <summary>Submits and prepares.</summary>
    public async Task<RigPlan> Begin(int steps = 1, int maxParallel = 1, bool autoRollback = true, string engine = "", params string[] containers)
    {
        var plan = await Submit(steps, maxParallel, autoRollback, engine, containers);
        await Prepare(plan);
        return plan;
    }

    /// <summary>A plan whose machine stands in <paramref name="state"/>, written straight into the rows: two steps, the first deployed.</summary>
    public async Task<RigPlan> Place(string state)
    {
        var plan = NewPlan(2, 1, autoRollback: true);
        plan.Status = state switch
        {
            "Preparing" => PlanStatus.Pending,
            "Queued" or "QueuedForRollback" => PlanStatus.Queued,
            "Running" or "Draining" => PlanStatus.Running,
            "RollingBack" => PlanStatus.RollingBack,
            _ => PlanStatus.Completed,
        };
        var rows = NewSteps(plan, []);
        await Write(db =>
        {
            rows[0].Status = StepStatus.Success;
            rows[0].Counted = StepAct.Deploy;
            rows[0].Touched = true;
            rows[1].Error = new DeploymentError(DeploymentErrorCodes.Unhealthy, "unhealthy");
            db.Plans.Add(plan);
            db.Steps.AddRange(rows);
            db.DeploymentStates.Add(new DeploymentState
            {
                CorrelationId = plan.Id, CurrentState = state, Total = 2, MaxParallel = 1, AutoRollback = true, HoldsTargets = true, NextOrder = 2, InFlight = 1, Succeeded = 1,
                Touched = 1, Sequence = 2,
            });
            return Task.CompletedTask;
        });
        return new RigPlan(plan.Id, [.. rows.Select(x => x.Id)], rows[0].ServerId);
    }

    public Task Prepare(RigPlan plan, int tell = 1) => Work(plan, plan.Id, StepAct.Prepare, tell, new DeploymentPrepared(plan.Id), db =>
        db.Plans.Where(x => x.Id == plan.Id).ExecuteUpdateAsync(set => set.SetProperty(x => x.ImageDigest, Digest)));

    public Task Refuse(RigPlan plan, int tell = 1) => Work(plan, plan.Id, StepAct.Prepare, tell, new DeploymentRefused(plan.Id), db =>
        db.Plans.Where(x => x.Id == plan.Id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Error, new DeploymentError(DeploymentErrorCodes.ImageNotFound, "no such image"))));

    /// <param name="plan">The plan.</param>
    /// <param name="order">Which step.</param>
    /// <param name="tell">How often it is reported; 0 loses the report.</param>
    /// <param name="former">A container ran before, and is left over.</param>
    public Task Succeed(RigPlan plan, int order, int tell = 1, bool former = true) =>
        Work(plan, plan.Steps[order], StepAct.Deploy, tell, new StepSucceeded(plan.Id, plan.Steps[order]), db => Step(db, plan, order).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Status, StepStatus.Success).SetProperty(x => x.Touched, true).SetProperty(x => x.FromContainerId, former ? "former" : null)));

    public Task Fail(RigPlan plan, int order, bool touched = true, int tell = 1) =>
        Work(plan, plan.Steps[order], StepAct.Deploy, tell, new StepFailed(plan.Id, plan.Steps[order]), db => Step(db, plan, order).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Status, StepStatus.Failed).SetProperty(x => x.Touched, touched).SetProperty(x => x.FromContainerId, touched ? "former" : null)
                .SetProperty(x => x.Error, new DeploymentError(DeploymentErrorCodes.Unhealthy, "unhealthy", plan.Steps[order]))));

    public Task Restore(RigPlan plan, int order, int tell = 1) =>
        Work(plan, plan.Steps[order], StepAct.Rollback, tell, new StepRestored(plan.Id, plan.Steps[order]), async db =>
        {
            await Step(db, plan, order).Where(x => x.Status == StepStatus.Success).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, StepStatus.RolledBack));
            await Step(db, plan, order).ExecuteUpdateAsync(set => set.SetProperty(x => x.Restored, true));
        });

    public Task NotRestore(RigPlan plan, int order, int tell = 1) =>
        Work(plan, plan.Steps[order], StepAct.Rollback, tell, new StepRestoreFailed(plan.Id, plan.Steps[order]), db => Step(db, plan, order).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Status, StepStatus.RollbackFailed).SetProperty(x => x.Error, new DeploymentError(DeploymentErrorCodes.RestoreFailed, "port taken", plan.Steps[order]))));

    public Task Clean(RigPlan plan, int order, int tell = 1) =>
        Work(plan, plan.Steps[order], StepAct.Finalize, tell, new StepFinalized(plan.Id, plan.Steps[order]), _ => Task.CompletedTask);

    /// <summary>What the Intake writes when it accepts a rollback; with <paramref name="tell"/> false its command is lost on the way.</summary>
    public Task AskForRollback(RigPlan plan, bool tell = true) => Write(async db =>
    {
        await db.Plans.Where(x => x.Id == plan.Id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, PlanStatus.Queued).SetProperty(x => x.RolledBackBy, "ann")
            .SetProperty(x => x.StopWantedAt, (DateTime?)null));
        if (tell)
        {
            db.Send(Queues.Deployments, plan.Id, new TakeBackDeployment(plan.Id, "ann"));
        }
    });

    /// <summary>What the Intake writes when it accepts a cancel; with <paramref name="tell"/> 0 its command is lost on the way.</summary>
    public Task Cancel(RigPlan plan, bool rollback = false, int tell = 1) => Write(async db =>
    {
        await db.Plans.Where(x => x.Id == plan.Id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, PlanStatus.Cancelling)
            .SetProperty(x => x.StopWantedAt, DateTime.UtcNow).SetProperty(x => x.CancelledBy, "ann").SetProperty(x => x.CancelRollback, rollback));
        Send(db, plan, new StopDeployment(plan.Id), tell);
    });

    /// <summary>What the Intake writes when a newer plan takes the place of this one.</summary>
    public Task Supersede(RigPlan plan, Guid by, int tell = 1) => Write(async db =>
    {
        await db.Plans.Where(x => x.Id == plan.Id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, PlanStatus.Cancelling)
            .SetProperty(x => x.StopWantedAt, DateTime.UtcNow).SetProperty(x => x.SupersededBy, by));
        Send(db, plan, new StopDeployment(plan.Id), tell);
    });

    /// <summary>What a worker writes when it heeds that its step is to stop.</summary>
    public Task StopStep(RigPlan plan, int order, bool touched, int tell = 1) =>
        Work(plan, plan.Steps[order], StepAct.Deploy, tell, new StepStopped(plan.Id, plan.Steps[order]), db => Step(db, plan, order).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Status, touched ? StepStatus.Running : StepStatus.Skipped).SetProperty(x => x.Touched, x => x.Touched || touched)
                .SetProperty(x => x.CompletedAt, DateTime.UtcNow)));

    /// <summary>What the Intake writes when it accepts that a failed or cancelled plan goes on.</summary>
    public Task Retry(RigPlan plan, int tell = 1) => Write(async db =>
    {
        await db.Plans.Where(x => x.Id == plan.Id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, PlanStatus.Pending).SetProperty(x => x.Error, (DeploymentError?)null)
            .SetProperty(x => x.StopWantedAt, (DateTime?)null).SetProperty(x => x.RetriedBy, "ann"));
        await db.Steps.Where(x => x.PlanId == plan.Id && x.Status != StepStatus.Success).ExecuteUpdateAsync(set => set
            .SetProperty(x => x.Status, StepStatus.Pending).SetProperty(x => x.Failure, x => x.Error).SetProperty(x => x.Error, (DeploymentError?)null)
            .SetProperty(x => x.SpentContainerId, x => x.Touched ? "spent" : null).SetProperty(x => x.CompletedAt, (DateTime?)null).SetProperty(x => x.Counted, (StepAct?)null));
        var steps = await db.Steps.Where(x => x.PlanId == plan.Id).Select(x => x.ContainerName).ToListAsync();
        db.LineUp(plan.Id, steps.Select(x => TargetLock.ForContainer($"engine-{plan.Id}", x)));
        Send(db, plan, new RetryDeployment(plan.Id), tell);
    });

    /// <summary>How far the plan's steps in flight may still go, as <c>0:Anywhere 1:BeforeTouch</c>.</summary>
    public async Task<string> StopPoints(RigPlan plan)
    {
        var work = await Read(db => db.WorkItems.Where(x => x.PlanId == plan.Id && x.StopAt != null).ToListAsync());
        return string.Join(" ", work.Select(x => $"{Array.IndexOf(plan.Steps, x.SubjectId)}:{x.StopAt}").Order());
    }

    /// <summary>Tells the machine something, and waits until it has taken it in.</summary>
    public Task Tell(RigPlan plan, params object[] messages) => Write(db =>
    {
        foreach (var message in messages)
        {
            db.Send(Queues.Deployments, plan.Id, message);
        }

        return Task.CompletedTask;
    });

    /// <summary>Waits for the machine's state; gives the plan's status.</summary>
    public async Task<PlanStatus> Reaches(RigPlan plan, string state)
    {
        await Eventually.Equal(state, async () => (await Saga(plan))?.CurrentState, Patience);
        return await Read(db => db.Plans.Where(x => x.Id == plan.Id).Select(x => x.Status).SingleAsync());
    }

    public Task<DeploymentState?> Saga(RigPlan plan) => Read(db => db.DeploymentStates.AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == plan.Id));

    public async Task<string> Steps(RigPlan plan) =>
        string.Join(" ", (await Read(db => db.Steps.Where(x => x.PlanId == plan.Id).OrderBy(x => x.Order).Select(x => x.Status).ToListAsync())).Select(x => x.Word()));

    /// <summary>The steps whose work is outstanding, as <c>Deploy:0 Deploy:1</c>.</summary>
    public async Task<string> Outstanding(RigPlan plan)
    {
        var work = await Read(db => db.WorkItems.Where(x => x.PlanId == plan.Id).ToListAsync());
        return string.Join(" ", work.Select(x => (x.Act, Order: Array.IndexOf(plan.Steps, x.SubjectId))).OrderBy(x => x).Select(x => x.Order < 0 ? $"{x.Act}" : $"{x.Act}:{x.Order}"));
    }

    /// <summary>The plan's public events in the order of their numbers, which have no gap, as soon as there are so many.</summary>
    public async Task<string[]> Events(RigPlan plan, int count)
    {
        var seen = await Eventually.Value(() => Task.FromResult(_events.Of(plan.Id)), events => events.Length >= count, Patience);
        Assert.Equal(Enumerable.Range(1, count), seen.Select(x => x.Sequence));
        Assert.Equal(count, (await Saga(plan))!.Sequence);
        return [.. seen.Select(x => x.Type)];
    }

    /// <summary>Nothing of the plan is left to do: no work, no lock, no message.</summary>
    public async Task NothingIsLeft(RigPlan plan)
    {
        Assert.Equal("", await Outstanding(plan));
        Assert.Equal(0, await Read(db => db.TargetLocks.CountAsync(x => x.PlanId == plan.Id)));
        await Eventually.Equal(0, () => Read(db => db.Outbox.CountAsync(x => x.CorrelationId == plan.Id)), Patience);
    }

    public async Task<T> Read<T>(Func<DeployHubDb, Task<T>> read)
    {
        await using var scope = _host.Services.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<DeployHubDb>());
    }

    /// <summary>Writes rows, and waits until the machine has taken in every message that was among them.</summary>
    public async Task Write(Func<DeployHubDb, Task> write)
    {
        List<Guid> told = [];
        await using (var scope = _host.Services.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
            await db.InTransaction(
                async () =>
                {
                    await write(db);
                    told = db.Outbox.Local.Where(x => x.Queue == Queues.Deployments).Select(x => x.MessageId).ToList();
                },
                CancellationToken.None);
        }

        await Eventually.Equal(told.Count, () => Read(db => db.Inbox.CountAsync(x => told.Contains(x.MessageId))), Patience);
    }

    private static void Send(DeployHubDb db, RigPlan plan, object message, int times)
    {
        for (var i = 0; i < times; i++)
        {
            db.Send(Queues.Deployments, plan.Id, message);
        }
    }

    private static IQueryable<DeploymentStep> Step(DeployHubDb db, RigPlan plan, int order) => db.Steps.Where(x => x.Id == plan.Steps[order]);

    // A worker commits its result, the end of its lease and its report together.
    private async Task Work(RigPlan plan, Guid subject, StepAct act, int tell, object report, Func<DeployHubDb, Task> result)
    {
        await Eventually.True(() => Read(db => db.WorkItems.AnyAsync(x => x.SubjectId == subject && x.Act == act)), Patience, () => Outstanding(plan), $"{act} to be asked for");
        await Write(async db =>
        {
            await result(db);
            Assert.Equal(1, await db.WorkItems.Where(x => x.SubjectId == subject && x.Act == act).ExecuteDeleteAsync());
            Send(db, plan, report, tell);
        });
    }

    private static DeploymentPlan NewPlan(int steps, int maxParallel, bool autoRollback) => new()
    {
        Id = Guid.CreateVersion7(), EnvironmentId = Guid.CreateVersion7(), ContainerImageId = Guid.CreateVersion7(), ImageName = "shop/api", ImageTag = "v1", AutoRollback = autoRollback,
        MaxParallel = maxParallel, Status = PlanStatus.Pending, TriggerType = "api", TriggeredBy = "test", StepCount = steps, CreatedAt = DateTime.UtcNow, UpdatedAt = DateTime.UtcNow,
    };

    private static List<DeploymentStep> NewSteps(DeploymentPlan plan, string[] containers)
    {
        var server = Guid.CreateVersion7();
        return [.. Enumerable.Range(0, plan.StepCount).Select(order => new DeploymentStep
        {
            Id = Guid.CreateVersion7(), PlanId = plan.Id, Order = order, ServiceId = Guid.CreateVersion7(), ServerId = server, ServiceDeploymentId = Guid.CreateVersion7(),
            ServiceName = $"service-{order}", ServerName = "web-1", ContainerName = order < containers.Length ? containers[order] : $"container-{order}",
            Settings = new StepSettings(false, new ContainerSpec(), new HealthPolicy()),
        })];
    }

    private sealed class MachineAlone : IBusParts
    {
        public void Register(IBusRegistrationConfigurator bus)
        {
            bus.AddSagaStateMachine<DeploymentStateMachine, DeploymentState>().InDeployHubDb();
            bus.AddConsumer<EventRecorder>();
            bus.AddConsumer<Nobody>();
        }

        public void Receive(IBusRegistrationContext context, IReceiveConfigurator receive)
        {
            receive.ReceiveEndpoint(Queues.Deployments, endpoint =>
            {
                endpoint.ConfigureConsumeTopology = false;
                endpoint.ConcurrentMessageLimit = 32;
                endpoint.UseMessageRetry(retry => retry.Immediate(3));
                endpoint.ConfigureSaga<DeploymentState>(context);
            });
            receive.ReceiveEndpoint(Queues.Steps, endpoint =>
            {
                endpoint.ConfigureConsumeTopology = false;
                endpoint.ConfigureConsumer<Nobody>(context);
            });
            receive.ReceiveEndpoint("events", endpoint => endpoint.ConfigureConsumer<EventRecorder>(context));
        }
    }

    // Takes the commands for workers in; the tests read what is to be done from the rows.
    private sealed class Nobody : IConsumer<PrepareDeployment>, IConsumer<DeployService>, IConsumer<RollbackService>, IConsumer<FinalizeService>
    {
        public Task Consume(ConsumeContext<PrepareDeployment> context) => Task.CompletedTask;

        public Task Consume(ConsumeContext<DeployService> context) => Task.CompletedTask;

        public Task Consume(ConsumeContext<RollbackService> context) => Task.CompletedTask;

        public Task Consume(ConsumeContext<FinalizeService> context) => Task.CompletedTask;
    }

    private sealed class PublicEvents
    {
        private readonly ConcurrentDictionary<Guid, (Guid PlanId, int Sequence, string Type)> _seen = new();

        public void Add(Guid messageId, PlanEventFacts facts, object message) => _seen.TryAdd(messageId, (facts.PlanId, facts.Sequence, message.GetType().Name));

        public (int Sequence, string Type)[] Of(Guid planId) => [.. _seen.Values.Where(x => x.PlanId == planId).Select(x => (x.Sequence, x.Type)).Order()];
    }

    private sealed class EventRecorder(PublicEvents events) : IConsumer<DeploymentStarted>, IConsumer<ServiceDeployed>, IConsumer<ServiceDeployFailed>, IConsumer<ServiceRolledBack>,
        IConsumer<ServiceRollbackFailed>, IConsumer<DeploymentCompleted>, IConsumer<DeploymentFailed>, IConsumer<DeploymentRolledBack>, IConsumer<DeploymentPartiallyRolledBack>,
        IConsumer<DeploymentCancelled>, IConsumer<DeploymentSuperseded>
    {
        public Task Consume(ConsumeContext<DeploymentStarted> context) => Keep(context, context.Message.Plan);

        public Task Consume(ConsumeContext<ServiceDeployed> context) => Keep(context, context.Message.Plan);

        public Task Consume(ConsumeContext<ServiceDeployFailed> context) => Keep(context, context.Message.Plan);

        public Task Consume(ConsumeContext<ServiceRolledBack> context) => Keep(context, context.Message.Plan);

        public Task Consume(ConsumeContext<ServiceRollbackFailed> context) => Keep(context, context.Message.Plan);

        public Task Consume(ConsumeContext<DeploymentCompleted> context) => Keep(context, context.Message.Plan);

        public Task Consume(ConsumeContext<DeploymentFailed> context) => Keep(context, context.Message.Plan);

        public Task Consume(ConsumeContext<DeploymentRolledBack> context) => Keep(context, context.Message.Plan);

        public Task Consume(ConsumeContext<DeploymentPartiallyRolledBack> context) => Keep(context, context.Message.Plan);

        public Task Consume(ConsumeContext<DeploymentCancelled> context) => Keep(context, context.Message.Plan);

        public Task Consume(ConsumeContext<DeploymentSuperseded> context) => Keep(context, context.Message.Plan);

        private Task Keep<T>(ConsumeContext<T> context, PlanEventFacts facts) where T : class
        {
            events.Add(context.MessageId!.Value, facts, context.Message);
            return Task.CompletedTask;
        }
    }
}
