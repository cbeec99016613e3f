using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Images;
using DeployHub.Hosting;
using DeployHub.Persistence.Messaging;
using MassTransit;

namespace DeployHub.Api;

/// <summary>What the Api asks workers. Commands go through the outbox, so nothing else of the bus is needed here.</summary>
public sealed class ApiBus(HostSettings settings) : IBusParts
{
    public void Register(IBusRegistrationConfigurator bus)
    {
        var questions = new Uri($"{(settings.RabbitMq is null ? "queue" : "exchange")}:{Queues.Questions}");
        bus.AddRequestClient<ResolveImageTag>(questions);
        bus.AddRequestClient<ReadHostFiles>(questions);
    }

    public void Receive(IBusRegistrationContext context, IReceiveConfigurator receive)
    {
        // The Api takes nothing in: answers come back on the bus's own temporary queue.
    }
}
