using System.Collections.Concurrent;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Hosting;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Persistence.Work;
using DeployHub.Servers;
using DeployHub.Worker.ConfigSync;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DeployHub.Unit.ConfigSync;

/// <summary>A batch on the rig, and its targets in order; each is an operation of its own.</summary>
public sealed record RigBatch(Guid Id, Guid[] Targets);

/// <summary>
/// The config sync machine on a SQLite file and the in-memory transport, without workers: the tests do the targets' work by writing what a
/// worker would write, and report it as one would.
/// </summary>
public sealed class BatchRig : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly SyncError Error = new(SyncErrorCodes.DiskFull, "the disk is full");
    private readonly string _folder = Directory.CreateTempSubdirectory("deployhub-batches-").FullName;
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

    /// <summary>Accepts a batch as the Intake does.</summary>
    /// <param name="targets">How many, each of an operation of its own.</param>
    /// <param name="rollback">Taken back at a failure.</param>
    /// <param name="failed">How many operations beside them had failed already when the batch was accepted.</param>
    /// <param name="begins">False: the command to the machine is slower than anything else.</param>
    /// <param name="paths">Where they go, on one engine; left out, where nobody else goes.</param>
    public async Task<RigBatch> Submit(int targets = 1, bool rollback = true, int failed = 0, bool begins = true, params string[] paths)
    {
        var batch = NewBatch(targets, rollback);
        var rows = NewTargets(batch, paths);
        await Write(db =>
        {
            db.SyncBatches.Add(batch);
            db.SyncTargets.AddRange(rows);
            db.SyncOperations.AddRange(rows.Select(x => NewOperation(batch, x.OperationId, x.OperationIndex, null)));
            db.SyncOperations.AddRange(Enumerable.Range(targets, failed).Select(index => NewOperation(batch, Guid.CreateVersion7(), index, Error)));
            db.LineUp(batch.Id, rows.Select(x => TargetLock.ForFile("engine", x.Path)));
            db.AddWork(StepAct.SyncPrepare, batch.Id, batch.Id);
            db.Send(Queues.Steps, batch.Id, new PrepareSyncBatch(batch.Id));
            if (begins)
            {
                db.Send(Queues.ConfigSyncs, batch.Id, new BeginSyncBatch(batch.Id));
            }

            return Task.CompletedTask;
        });
        return new RigBatch(batch.Id, [.. rows.Select(x => x.Id)]);
    }

    /// <summary>Submits and prepares.</summary>
    public async Task<RigBatch> Begin(int targets = 1, bool rollback = true, int failed = 0, params string[] paths)
    {
        var batch = await Submit(targets, rollback, failed, begins: true, paths);
        await Prepare(batch);
        return batch;
    }

    /// <summary>A batch whose machine stands in <paramref name="state"/>, written straight into the rows: two targets, the first written.</summary>
    public async Task<RigBatch> Place(string state)
    {
        var batch = NewBatch(2, rollback: true);
        batch.Status = state switch
        {
            "Preparing" => BatchStatus.Pending,
            "Queued" => BatchStatus.Queued,
            "Running" or "Draining" => BatchStatus.Running,
            "Restoring" => BatchStatus.RollingBack,
            _ => BatchStatus.Ok,
        };
        var rows = NewTargets(batch, []);
        await Write(db =>
        {
            (rows[0].Status, rows[0].Counted, rows[0].Touched) = (TargetStatus.Written, SyncAct.Write, true);
            rows[1].Error = Error;
            db.SyncBatches.Add(batch);
            db.SyncTargets.AddRange(rows);
            db.SyncOperations.AddRange(rows.Select(x => NewOperation(batch, x.OperationId, x.OperationIndex, null)));
            db.ConfigSyncStates.Add(new ConfigSyncState
            {
                CorrelationId = batch.Id, CurrentState = state, Total = 2, RollbackOnFailure = true, HoldsTargets = true, NextOrder = 2, InFlight = 1, Done = 1, Touched = 1, Sequence = 1,
            });
            return Task.CompletedTask;
        });
        return new RigBatch(batch.Id, [.. rows.Select(x => x.Id)]);
    }

    public Task Prepare(RigBatch batch, int tell = 1) => Work(batch, batch.Id, StepAct.SyncPrepare, tell, new SyncBatchPrepared(batch.Id), _ => Task.CompletedTask);

    /// <summary>The preparation fails the first target, as when its engine is away.</summary>
    public Task Refuse(RigBatch batch, int tell = 1) => Work(batch, batch.Id, StepAct.SyncPrepare, tell, new SyncBatchRefused(batch.Id), async db =>
    {
        await Target(db, batch, 0).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, TargetStatus.Failed).SetProperty(x => x.Error, Error).SetProperty(x => x.Counted, SyncAct.Write));
        await db.SyncBatches.Where(x => x.Id == batch.Id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Error, Error));
    });

    /// <param name="batch">The batch.</param>
    /// <param name="order">Which target.</param>
    /// <param name="tell">How often it is reported; 0 loses the report.</param>
    /// <param name="unchanged">The host held it already.</param>
    public Task Synced(RigBatch batch, int order, int tell = 1, bool unchanged = false) =>
        Work(batch, batch.Targets[order], StepAct.SyncWrite, tell, new TargetSynced(batch.Id, batch.Targets[order]), db => Target(db, batch, order).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Status, unchanged ? TargetStatus.Unchanged : TargetStatus.Written).SetProperty(x => x.Touched, !unchanged)));

    public Task Fail(RigBatch batch, int order, bool touched = true, int tell = 1) =>
        Work(batch, batch.Targets[order], StepAct.SyncWrite, tell, new TargetFailed(batch.Id, batch.Targets[order]), db => Target(db, batch, order).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Status, TargetStatus.Failed).SetProperty(x => x.Touched, touched).SetProperty(x => x.Error, Error)));

    public Task Restore(RigBatch batch, int order, int tell = 1) =>
        Work(batch, batch.Targets[order], StepAct.SyncRestore, tell, new TargetRestored(batch.Id, batch.Targets[order]), db =>
            Target(db, batch, order).ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, TargetStatus.Restored)));

    public Task NotRestore(RigBatch batch, int order, int tell = 1) =>
        Work(batch, batch.Targets[order], StepAct.SyncRestore, tell, new TargetRestoreFailed(batch.Id, batch.Targets[order]), db => Target(db, batch, order).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Status, TargetStatus.RestoreFailed).SetProperty(x => x.Error, new SyncError(SyncErrorCodes.RestoreFailed, "somebody changed it"))));

    public Task CleanUp(RigBatch batch, int tell = 1) => Work(batch, batch.Id, StepAct.SyncCleanUp, tell, new SyncBatchCleanedUp(batch.Id), _ => Task.CompletedTask);

    /// <summary>Tells the machine something, and waits until it has taken it in.</summary>
    public Task Tell(RigBatch batch, params object[] messages) => Write(db =>
    {
        foreach (var message in messages)
        {
            db.Send(Queues.ConfigSyncs, batch.Id, message);
        }

        return Task.CompletedTask;
    });

    /// <summary>Waits for the machine's state; gives the batch's status.</summary>
    public async Task<BatchStatus> Reaches(RigBatch batch, string state)
    {
        await Eventually.Equal(state, async () => (await Saga(batch))?.CurrentState, Patience);
        return (await Row(batch)).Status;
    }

    public Task<SyncBatch> Row(RigBatch batch) => Read(db => db.SyncBatches.AsNoTracking().SingleAsync(x => x.Id == batch.Id));

    public Task<ConfigSyncState?> Saga(RigBatch batch) => Read(db => db.ConfigSyncStates.AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == batch.Id));

    public async Task<string> Operations(RigBatch batch) => string.Join(
        ' ', (await Read(db => db.SyncOperations.Where(x => x.BatchId == batch.Id).OrderBy(x => x.Index).Select(x => x.Status).ToListAsync())).Select(x => x.Word()));

    public async Task<string> Targets(RigBatch batch) =>
        string.Join(' ', (await Read(db => db.SyncTargets.Where(x => x.BatchId == batch.Id).OrderBy(x => x.Order).Select(x => x.Status).ToListAsync())).Select(x => x.Word()));

    /// <summary>The work that is outstanding, as <c>SyncWrite:0 SyncWrite:1</c>.</summary>
    public async Task<string> Outstanding(RigBatch batch)
    {
        var work = await Read(db => db.WorkItems.Where(x => x.PlanId == batch.Id).ToListAsync());
        return string.Join(' ', work.Select(x => (x.Act, Order: Array.IndexOf(batch.Targets, x.SubjectId))).Order().Select(x => x.Order < 0 ? $"{x.Act}" : $"{x.Act}:{x.Order}"));
    }

    /// <summary>The batch's public events in the order of their numbers, which have no gap, as soon as there are so many.</summary>
    public async Task<string[]> Events(RigBatch batch, int count)
    {
        var seen = await Eventually.Value(() => Task.FromResult(_events.Of(batch.Id)), events => events.Length >= count, Patience);
        Assert.Equal(Enumerable.Range(1, count), seen.Select(x => x.Sequence));
        Assert.Equal(count, (await Saga(batch))!.Sequence);
        return [.. seen.Select(x => x.Type)];
    }

    /// <summary>Nothing of the batch is left to do: no work, no lock, no message, no deadline.</summary>
    public async Task NothingIsLeft(RigBatch batch)
    {
        Assert.Equal("", await Outstanding(batch));
        Assert.Equal(0, await Read(db => db.TargetLocks.CountAsync(x => x.PlanId == batch.Id)));
        await Eventually.Equal(0, () => Read(db => db.Outbox.CountAsync(x => x.CorrelationId == batch.Id)), Patience);
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
                    told = db.Outbox.Local.Where(x => x.Queue == Queues.ConfigSyncs).Select(x => x.MessageId).ToList();
                },
                CancellationToken.None);
        }

        await Eventually.Equal(told.Count, () => Read(db => db.Inbox.CountAsync(x => told.Contains(x.MessageId))), Patience);
    }

    private static IQueryable<SyncTarget> Target(DeployHubDb db, RigBatch batch, int order) => db.SyncTargets.Where(x => x.Id == batch.Targets[order]);

    // A worker commits its result, the end of its lease and its report together.
    private async Task Work(RigBatch batch, Guid subject, StepAct act, int tell, object report, Func<DeployHubDb, Task> result)
    {
        await Eventually.True(() => Read(db => db.WorkItems.AnyAsync(x => x.SubjectId == subject && x.Act == act)), Patience, () => Outstanding(batch), $"{act} to be asked for");
        await Write(async db =>
        {
            await result(db);
            Assert.Equal(1, await db.WorkItems.Where(x => x.SubjectId == subject && x.Act == act).ExecuteDeleteAsync());
            for (var i = 0; i < tell; i++)
            {
                db.Send(Queues.ConfigSyncs, batch.Id, report);
            }
        });
    }

    private static SyncBatch NewBatch(int targets, bool rollback) => new()
    {
        Id = Guid.CreateVersion7(), EnvironmentId = Guid.CreateVersion7(), RollbackOnFailure = rollback, Status = BatchStatus.Pending, TriggerType = "api", TriggeredBy = "test",
        TargetCount = targets, CreatedAt = DateTime.UtcNow, UpdatedAt = DateTime.UtcNow,
    };

    private static SyncOperation NewOperation(SyncBatch batch, Guid id, int index, SyncError? error) => new()
    {
        Id = id, BatchId = batch.Id, Index = index, ConfigFileId = Guid.CreateVersion7(), ConfigFileName = $"file-{index}", ConfigFileVersion = 1,
        Status = error is null ? OperationStatus.Pending : OperationStatus.Failed, Error = error,
    };

    private static List<SyncTarget> NewTargets(SyncBatch batch, string[] paths) => [.. Enumerable.Range(0, batch.TargetCount).Select(order => new SyncTarget
    {
        Id = Guid.CreateVersion7(), BatchId = batch.Id, OperationId = Guid.CreateVersion7(), OperationIndex = order, ConfigFileId = Guid.CreateVersion7(), Order = order,
        ServerId = Guid.CreateVersion7(), ServerName = "web-1", ContainerName = "api", Path = order < paths.Length ? paths[order] : $"/opt/{batch.Id}/{order}",
        Content = [], ToHash = "sha256:1", Status = TargetStatus.Pending,
    })];

    private sealed class MachineAlone : IBusParts
    {
        public void Register(IBusRegistrationConfigurator bus)
        {
            bus.AddSagaStateMachine<ConfigSyncStateMachine, ConfigSyncState>().InDeployHubDb();
            bus.AddConsumer<EventRecorder>();
            bus.AddConsumer<Nobody>();
        }

        public void Receive(IBusRegistrationContext context, IReceiveConfigurator receive)
        {
            receive.ReceiveEndpoint(Queues.ConfigSyncs, endpoint =>
            {
                endpoint.ConfigureConsumeTopology = false;
                endpoint.ConcurrentMessageLimit = 32;
                endpoint.UseMessageRetry(retry => retry.Immediate(3));
                endpoint.ConfigureSaga<ConfigSyncState>(context);
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
    private sealed class Nobody : IConsumer<PrepareSyncBatch>, IConsumer<SyncConfigFile>, IConsumer<RestoreConfigFile>, IConsumer<CleanUpSyncBatch>
    {
        public Task Consume(ConsumeContext<PrepareSyncBatch> context) => Task.CompletedTask;

        public Task Consume(ConsumeContext<SyncConfigFile> context) => Task.CompletedTask;

        public Task Consume(ConsumeContext<RestoreConfigFile> context) => Task.CompletedTask;

        public Task Consume(ConsumeContext<CleanUpSyncBatch> context) => Task.CompletedTask;
    }

    private sealed class PublicEvents
    {
        private readonly ConcurrentDictionary<Guid, (Guid BatchId, int Sequence, string Type)> _seen = new();

        public void Add(Guid messageId, BatchEventFacts facts, object message) => _seen.TryAdd(messageId, (facts.BatchId, facts.Sequence, message.GetType().Name));

        public (int Sequence, string Type)[] Of(Guid batchId) => [.. _seen.Values.Where(x => x.BatchId == batchId).Select(x => (x.Sequence, x.Type)).Order()];
    }

    private sealed class EventRecorder(PublicEvents events) : IConsumer<ConfigFileSynced>, IConsumer<ConfigFileSyncFailed>, IConsumer<ConfigFileRestored>,
        IConsumer<SyncBatchCompleted>, IConsumer<SyncBatchRolledBack>, IConsumer<SyncBatchFailed>
    {
        public Task Consume(ConsumeContext<ConfigFileSynced> context) => Keep(context, context.Message.Batch);

        public Task Consume(ConsumeContext<ConfigFileSyncFailed> context) => Keep(context, context.Message.Batch);

        public Task Consume(ConsumeContext<ConfigFileRestored> context) => Keep(context, context.Message.Batch);

        public Task Consume(ConsumeContext<SyncBatchCompleted> context) => Keep(context, context.Message.Batch);

        public Task Consume(ConsumeContext<SyncBatchRolledBack> context) => Keep(context, context.Message.Batch);

        public Task Consume(ConsumeContext<SyncBatchFailed> context) => Keep(context, context.Message.Batch);

        private Task Keep<T>(ConsumeContext<T> context, BatchEventFacts facts) where T : class
        {
            events.Add(context.MessageId!.Value, facts, context.Message);
            return Task.CompletedTask;
        }
    }
}
