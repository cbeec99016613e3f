using System.Threading.Channels;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace DeployHub.Bench.Deploy;

/// <summary>One PostgreSQL commit, one message published with its confirmation to a durable quorum queue and consumed, one commit more.</summary>
internal sealed class BareChain : IBare
{
    private const string Queue = "bare";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private readonly NpgsqlConnection _database;
    private readonly IConnection _broker;
    private readonly IChannel _channel;
    private readonly Channel<ulong> _consumed = Channel.CreateBounded<ulong>(16);

    private BareChain(NpgsqlConnection database, IConnection broker, IChannel channel) => (_database, _broker, _channel) = (database, broker, channel);

    public static async Task<BareChain> Open(string postgres, Uri rabbit)
    {
        var database = new NpgsqlConnection(postgres);
        await database.OpenAsync();
        await using (var create = new NpgsqlCommand(BareRow.Create, database))
        {
            await create.ExecuteNonQueryAsync();
        }

        var broker = await new ConnectionFactory { Uri = rabbit }.CreateConnectionAsync();
        var channel = await broker.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        var arguments = new Dictionary<string, object?> { ["x-queue-type"] = "quorum" };
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, arguments);
        var chain = new BareChain(database, broker, channel);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) => await chain._consumed.Writer.WriteAsync(delivery.DeliveryTag);
        await channel.BasicConsumeAsync(Queue, autoAck: false, consumer);
        return chain;
    }

    public async Task Run()
    {
        await Insert();
        var properties = new BasicProperties { Persistent = true, MessageId = Guid.NewGuid().ToString(), ContentType = "application/json" };
        var body = System.Text.Encoding.UTF8.GetBytes($$"""{"planId":"{{Guid.CreateVersion7()}}"}""");
        await _channel.BasicPublishAsync("", Queue, mandatory: true, properties, body);
        using var late = new CancellationTokenSource(Deadline);
        var tag = await _consumed.Reader.ReadAsync(late.Token);
        await Insert();
        await _channel.BasicAckAsync(tag, multiple: false);
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
    }

    private async Task Insert()
    {
        await using var insert = new NpgsqlCommand(BareRow.Insert, _database);
        foreach (var (name, value) in BareRow.Values())
        {
            insert.Parameters.AddWithValue(name, value);
        }

        await insert.ExecuteNonQueryAsync();
    }
}
