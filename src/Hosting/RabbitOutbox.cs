using DeployHub.Contracts.Channels;
using DeployHub.Persistence.Messaging;
using MassTransit;

namespace DeployHub.Hosting;

/// <summary>What the outbox sends over RabbitMQ beside commands: CloudEvents, and replies to queues that are not DeployHub's.</summary>
internal static class RabbitOutbox
{
    // MassTransit's word for the default exchange: what is sent there goes to the queue that the routing key names, and nothing is declared.
    private static readonly Uri DefaultExchange = new("exchange:amq.rabbitmq.reply-to");

    public static OutboxTransport Transport { get; } = new(
        "exchange", e => e is MessageReturnedException || e.InnerException is MessageReturnedException, HasEventExchange: true, _ => DefaultExchange, Mark);

    /// <summary>Has the exchanges of all public events declared at the start: who comes before the first event can bind its queue.</summary>
    public static void DeclareEvents(IRabbitMqBusFactoryConfigurator rabbit)
    {
        rabbit.Message<CloudEvent>(message => message.SetEntityName(EventChannels.Exchange));
        rabbit.Publish<CloudEvent>(publish => publish.ExchangeType = "topic");
        foreach (var channel in EventChannels.All)
        {
            rabbit.Publish(channel.Type);
        }

        rabbit.DeployPublishTopology = true;
    }

    private static void Mark(SendContext context, ReplyMarks marks)
    {
        context.SetRoutingKey(marks.Queue);
        if (context.TryGetPayload(out RabbitMqSendContext? rabbit))
        {
            rabbit.BasicProperties.Type = marks.Type;
            if (marks.Correlation is not null)
            {
                rabbit.BasicProperties.CorrelationId = marks.Correlation;
            }
        }
    }
}
