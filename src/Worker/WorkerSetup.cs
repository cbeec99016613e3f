using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Hosting;
using DeployHub.Intake;
using DeployHub.Persistence.History;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Sagas;
using DeployHub.Worker.Calendar;
using DeployHub.Worker.Commands;
using DeployHub.Worker.ConfigSync;
using DeployHub.Worker.DeadLetters;
using DeployHub.Worker.Deployments;
using DeployHub.Worker.Engines;
using DeployHub.Worker.Health;
using DeployHub.Worker.Images;
using DeployHub.Worker.Work;
using MassTransit;
using MassTransit.Middleware;

namespace DeployHub.Worker;

public static class WorkerSetup
{
    /// <summary>State machines, step runners and the sweep. The bus is told of them by <see cref="WorkerBus"/>.</summary>
    public static IServiceCollection AddWorker(this IServiceCollection services, HostSettings settings)
    {
        services.AddHttpClient(Probes.ClientName)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.Zero })
            .RemoveAllLoggers();
        services.AddSingleton<Probes>();
        services.AddSingleton<HealthGate>();
        services.AddSingleton<EngineClients>();
        services.AddSingleton<RegistryWays>();
        services.AddSingleton<StepLog>();
        services.AddSingleton<PullLog>();
        services.AddSingleton<ContainerLog>();
        services.AddSingleton<ImageSupply>();
        services.AddSingleton<DigestResolution>();
        services.AddSingleton<FormerContainers>();
        services.AddScoped<StepRows>();
        services.AddScoped<Replacement>();
        services.AddScoped<Restoration>();
        services.AddKeyedScoped<IStepWork, PrepareWork>(StepAct.Prepare);
        services.AddKeyedScoped<IStepWork, DeployWork>(StepAct.Deploy);
        services.AddKeyedScoped<IStepWork, RollbackWork>(StepAct.Rollback);
        services.AddKeyedScoped<IStepWork, FinalizeWork>(StepAct.Finalize);
        services.AddSingleton<HelperImage>();
        services.AddSingleton<Helpers>();
        services.AddScoped<SyncRows>();
        services.AddScoped<Writing>();
        services.AddScoped<Restoring>();
        services.AddKeyedScoped<IStepWork, PrepareBatchWork>(StepAct.SyncPrepare);
        services.AddKeyedScoped<IStepWork, WriteWork>(StepAct.SyncWrite);
        services.AddKeyedScoped<IStepWork, RestoreWork>(StepAct.SyncRestore);
        services.AddKeyedScoped<IStepWork, CleanUpWork>(StepAct.SyncCleanUp);
        services.AddSingleton<WorkRunner>();
        services.AddHostedService(provider => provider.GetRequiredService<WorkRunner>());
        services.AddHostedService<PlanSweep>();
        services.AddHostedService<BatchSweep>();
        services.AddHostedService<LockSweep>();
        services.AddIntake();
        services.AddSingleton<CommandDoor>();
        services.AddSingleton<DeadLetterCollector>();
        services.AddScoped<Housekeeping>();
        services.AddSingleton(settings.History);
        services.AddScoped<OldHistory>();
        return services.AddCalendar(settings.Persistence);
    }
}

/// <summary>The worker's queues: the commands of other programs, the machines', the steps', and the questions that only a worker can answer.</summary>
public sealed class WorkerBus : IBusParts
{
    private const int MessagesAtOnce = 32;

    public void Register(IBusRegistrationConfigurator bus)
    {
        bus.AddSagaStateMachine<DeploymentStateMachine, DeploymentState>().InDeployHubDb();
        bus.AddSagaStateMachine<ConfigSyncStateMachine, ConfigSyncState>().InDeployHubDb();
        bus.AddConsumer<StepCommands>();
        bus.AddConsumer<ImageTagQuestions>();
        bus.AddConsumer<HostFileQuestions>();
    }

    public void Receive(IBusRegistrationContext context, IReceiveConfigurator receive)
    {
        receive.ReceiveEndpoint(Queues.Deployments, endpoint =>
        {
            Common(endpoint);
            endpoint.ConfigureSaga<DeploymentState>(context, ReportsOfOnePlanInLine);
        });
        receive.ReceiveEndpoint(Queues.ConfigSyncs, endpoint =>
        {
            Common(endpoint);
            endpoint.ConfigureSaga<ConfigSyncState>(context);
        });
        receive.ReceiveEndpoint(Queues.Steps, endpoint =>
        {
            Common(endpoint);
            endpoint.ConfigureConsumer<StepCommands>(context);
        });
        receive.ReceiveEndpoint(Queues.Questions, endpoint =>
        {
            endpoint.ConfigureConsumeTopology = false;
            endpoint.ConfigureConsumer<ImageTagQuestions>(context);
            endpoint.ConfigureConsumer<HostFileQuestions>(context);
        });
        CommandDoor.Receive(context, receive);
        DeadLetterCollector.Receive(context, receive);
    }

    // They all want their plan's row. Those who wait here hold no connection; those of other workers still meet at the row.
    private static void ReportsOfOnePlanInLine(ISagaConfigurator<DeploymentState> saga)
    {
        var line = saga.CreatePartitioner(MessagesAtOnce);
        saga.Message<StepSucceeded>(message => message.UsePartitioner(line, x => x.Message.PlanId));
        saga.Message<StepFailed>(message => message.UsePartitioner(line, x => x.Message.PlanId));
        saga.Message<StepStopped>(message => message.UsePartitioner(line, x => x.Message.PlanId));
        saga.Message<StepRestored>(message => message.UsePartitioner(line, x => x.Message.PlanId));
        saga.Message<StepRestoreFailed>(message => message.UsePartitioner(line, x => x.Message.PlanId));
        saga.Message<StepFinalized>(message => message.UsePartitioner(line, x => x.Message.PlanId));
    }

    // Commands are sent to these queues, never published, so no exchange of a message type is bound to them. What still fails after the
    // last try becomes a dead letter; the plan's rows are whole, and the sweep drives them on.
    private static void Common(IReceiveEndpointConfigurator endpoint)
    {
        endpoint.ConfigureConsumeTopology = false;
        endpoint.PrefetchCount = MessagesAtOnce;
        endpoint.ConcurrentMessageLimit = MessagesAtOnce;
        endpoint.ConfigureDeadLetter(pipe => pipe.UseFilter(new UnreadFilter()));
        endpoint.ConfigureError(pipe =>
        {
            pipe.UseFilter(new OutageFilter());
            pipe.UseFilter(new GenerateFaultFilter());
            pipe.UseFilter(new ErrorTransportFilter());
        });
        endpoint.UseMessageRetry(retry => retry.Exponential(8, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(4), TimeSpan.FromMilliseconds(100)));
    }
}
