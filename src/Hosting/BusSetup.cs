using DeployHub.Persistence.Messaging;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace DeployHub.Hosting;

/// <summary>What a host wants of the bus beside the outbox.</summary>
public interface IBusParts
{
    /// <summary>Adds sagas, consumers and request clients.</summary>
    void Register(IBusRegistrationConfigurator bus);

    /// <summary>Says which queue feeds what.</summary>
    void Receive(IBusRegistrationContext context, IReceiveConfigurator receive);
}

public static class BusSetup
{
    /// <summary>The transport (RabbitMQ, or in memory) and the relay that empties the outbox into it.</summary>
    public static IServiceCollection AddBus(this IServiceCollection services, HostSettings settings, params IBusParts[] parts)
    {
        services.AddSingleton(settings.RabbitMq is null ? OutboxTransport.InMemory : RabbitOutbox.Transport);
        services.AddSingleton<OutboxSender>();
        services.AddHostedService<OutboxRelay>();
        services.AddMassTransit(bus =>
        {
            foreach (var part in parts)
            {
                part.Register(bus);
            }

            if (settings.RabbitMq is { } broker)
            {
                bus.UsingRabbitMq((context, rabbit) =>
                {
                    rabbit.Host(broker);

                    // A command that no queue takes in comes back as an error and stays in the outbox: nothing is sent into a void.
                    rabbit.ConfigureSend(send => send.UseExecute(message =>
                    {
                        if (message.TryGetPayload(out RabbitMqSendContext? properties))
                        {
                            properties.Mandatory = true;
                        }
                    }));
                    rabbit.ConnectEndpointConfigurationObserver(new QuorumQueues());
                    RabbitOutbox.DeclareEvents(rabbit);
                    rabbit.SendTopology.ErrorQueueNameFormatter = DeadLetterQueue.Name;
                    rabbit.SendTopology.DeadLetterQueueNameFormatter = DeadLetterQueue.Name;
                    foreach (var part in parts)
                    {
                        part.Receive(context, rabbit);
                    }
                });
            }
            else
            {
                bus.UsingInMemory((context, memory) =>
                {
                    memory.SendTopology.ErrorQueueNameFormatter = DeadLetterQueue.Name;
                    memory.SendTopology.DeadLetterQueueNameFormatter = DeadLetterQueue.Name;
                    foreach (var part in parts)
                    {
                        part.Receive(context, memory);
                    }
                });
            }
        });

        // The host serves while the broker is away: what it accepts waits in the outbox.
        services.Configure<MassTransitHostOptions>(options =>
        {
            options.WaitUntilStarted = settings.RabbitMq is null;
            options.StopTimeout = TimeSpan.FromSeconds(20);
        });
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(28));
        return services;
    }

    // One queue for what failed and for what nobody takes: a place to look, whatever queue it came from.
    private sealed class DeadLetterQueue : IErrorQueueNameFormatter, IDeadLetterQueueNameFormatter
    {
        public static readonly DeadLetterQueue Name = new();

        public string FormatErrorQueueName(string queueName) => Queues.DeadLetters;

        public string FormatDeadLetterQueueName(string queueName) => Queues.DeadLetters;
    }

    // Every named queue is replicated and survives the loss of a node; answer queues are temporary and need no copy.
    private sealed class QuorumQueues : IEndpointConfigurationObserver
    {
        public void EndpointConfigured<T>(T configurator) where T : IReceiveEndpointConfigurator
        {
            if (configurator is IRabbitMqReceiveEndpointConfigurator rabbit && configurator.InputAddress.AbsolutePath.Contains("/deployhub.", StringComparison.Ordinal))
            {
                rabbit.SetQuorumQueue();
            }
        }
    }
}
