using System.Collections.Concurrent;
using System.Text;
using DeployHub.Servers;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace DeployHub.Integration.Hub;

/// <summary>Hears every message that anybody publishes to a broker, by its tracer: events, commands and reports alike.</summary>
public sealed class BusTap : IAsyncDisposable
{
    private readonly RabbitMq _broker;
    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly ConcurrentQueue<string> _messages = new();

    private BusTap(RabbitMq broker, IConnection connection, IChannel channel) => (_broker, _connection, _channel) = (broker, connection, channel);

    /// <summary>The messages so far, each a line.</summary>
    public string Heard => string.Join('\n', _messages);

    public static async Task<BusTap> Start(RabbitMq broker)
    {
        await broker.Ctl("trace_on");
        var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync();
        var tap = new BusTap(broker, connection, await connection.CreateChannelAsync());
        var queue = await tap._channel.QueueDeclareAsync();
        await tap._channel.QueueBindAsync(queue.QueueName, "amq.rabbitmq.trace", "publish.#");
        var consumer = new AsyncEventingBasicConsumer(tap._channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            tap._messages.Enqueue($"{delivery.RoutingKey} {Encoding.UTF8.GetString(delivery.Body.Span).Replace('\n', ' ')}");
            return Task.CompletedTask;
        };
        await tap._channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer);
        return tap;
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
        await _broker.Ctl("trace_off");
    }
}
