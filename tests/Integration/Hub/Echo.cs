using System.Text;
using System.Text.Json.Nodes;
using DeployHub.Servers;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace DeployHub.Integration.Hub;

/// <summary>
/// Tells a hub each of its messages twice more, by the broker's tracer: once as it was, which its inbox knows, and once under an id of its
/// own, which only the receiver's rows can tell from news.
/// </summary>
public sealed class Echo : IAsyncDisposable
{
    private readonly RabbitMq _broker;
    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly HashSet<string> _ids = [];
    private readonly List<(string Queue, JsonObject Message)> _heard = [];

    private Echo(RabbitMq broker, IConnection connection, IChannel channel) => (_broker, _connection, _channel) = (broker, connection, channel);

    /// <summary>The full names of the types that were told again.</summary>
    public HashSet<string> Types
    {
        get
        {
            lock (_heard)
            {
                return [.. _heard.Select(x => Type(x.Message))];
            }
        }
    }

    /// <summary>How many messages went to the queues, each counted once.</summary>
    public int Count(params string[] queues)
    {
        lock (_heard)
        {
            return _heard.Count(x => queues.Contains(x.Queue));
        }
    }

    public static async Task<Echo> Start(RabbitMq broker)
    {
        await broker.Ctl("trace_on");
        var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync();
        var echo = new Echo(broker, connection, await connection.CreateChannelAsync(new CreateChannelOptions(true, true)));
        var queue = await echo._channel.QueueDeclareAsync();
        await echo._channel.QueueBindAsync(queue.QueueName, "amq.rabbitmq.trace", "publish.deployhub.#");
        var consumer = new AsyncEventingBasicConsumer(echo._channel);
        consumer.ReceivedAsync += (_, delivery) => echo.Hear(delivery.RoutingKey["publish.".Length..], delivery.Body.ToArray());
        await echo._channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer);
        return echo;
    }

    /// <summary>Tells all that it has heard once more, the last one first, each under an id of its own.</summary>
    public async Task TellBackwards()
    {
        (string Queue, JsonObject Message)[] all;
        lock (_heard)
        {
            all = [.. _heard];
        }

        foreach (var (queue, message) in all.Reverse())
        {
            await Send(queue, Renamed(message));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
        await _broker.Ctl("trace_off");
    }

    private async Task Hear(string queue, byte[] body)
    {
        var message = JsonNode.Parse(Encoding.UTF8.GetString(body))!.AsObject();
        if (!message.ContainsKey("messageType"))
        {
            // A CloudEvent: it is for subscribers outside.
            return;
        }

        lock (_heard)
        {
            // Its own words come back as well.
            if (!_ids.Add((string)message["messageId"]!))
            {
                return;
            }

            _heard.Add((queue, message));
        }

        await Send(queue, message);
        await Send(queue, Renamed(message));
    }

    private JsonObject Renamed(JsonObject message)
    {
        var twin = message.DeepClone().AsObject();
        var id = $"{Guid.CreateVersion7()}";
        lock (_heard)
        {
            _ids.Add(id);
        }

        twin["messageId"] = id;
        return twin;
    }

    private async Task Send(string queue, JsonObject message) => await _channel.BasicPublishAsync(
        queue, "", mandatory: true, new BasicProperties { ContentType = "application/vnd.masstransit+json", Persistent = true }, Encoding.UTF8.GetBytes(message.ToJsonString()));

    // urn:message:Namespace:Name
    private static string Type(JsonObject message) => ((string)message["messageType"]![0]!)["urn:message:".Length..].Replace(':', '.');
}
