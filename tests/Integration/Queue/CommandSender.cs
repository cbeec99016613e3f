using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using DeployHub.Contracts.Channels;
using DeployHub.Servers;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace DeployHub.Integration.Queue;

/// <summary>What a producer in any language does: publishes to the exchange of commands with the plain client of RabbitMQ, and waits for replies.</summary>
public sealed class CommandSender : IAsyncDisposable
{
    private const string ReplyTo = "amq.rabbitmq.reply-to";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _user;
    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly ConcurrentDictionary<string, (string? Type, JsonNode Body)> _replies = new();

    private CommandSender(string user, IConnection connection, IChannel channel) => (_user, _connection, _channel) = (user, connection, channel);

    /// <summary>How many replies there are, each to another correlation id.</summary>
    public int Replies => _replies.Count;

    public static async Task<CommandSender> Connect(RabbitMq broker, string user)
    {
        var connection = await new ConnectionFactory { HostName = "127.0.0.1", Port = broker.Port, UserName = user, Password = user }.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        var sender = new CommandSender(user, connection, channel);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, reply) =>
        {
            sender._replies[reply.BasicProperties.CorrelationId ?? ""] = (reply.BasicProperties.Type, JsonNode.Parse(reply.Body.Span)!);
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(ReplyTo, autoAck: true, consumer);
        return sender;
    }

    public Task Send(string word, byte[] body, Action<BasicProperties>? more = null)
    {
        var properties = new BasicProperties { UserId = _user, Persistent = true };
        more?.Invoke(properties);
        return _channel.BasicPublishAsync(CommandChannels.Exchange, word, mandatory: true, properties, body).AsTask();
    }

    /// <summary>Sends it and gives the reply's type and body.</summary>
    public async Task<(string? Type, JsonNode Body)> Ask(string word, string body, Action<BasicProperties>? more = null)
    {
        var correlation = $"no UUID at all: {Guid.NewGuid():n}";
        await Send(word, Encoding.UTF8.GetBytes(body), properties =>
        {
            (properties.ReplyTo, properties.CorrelationId, properties.MessageId) = (ReplyTo, correlation, Guid.NewGuid().ToString());
            more?.Invoke(properties);
        });
        return await Reply(correlation);
    }

    public Task<(string? Type, JsonNode Body)> Reply(string correlation) =>
        Eventually.Value(() => Task.FromResult(_replies.GetValueOrDefault(correlation)), reply => reply.Body is not null, Patience);

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
