using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Servers;
using RabbitMQ.Client;

namespace DeployHub.Integration.Queue;

/// <summary>One event as it came.</summary>
public sealed record Told(string RoutingKey, string? ContentType, JsonNode Body);

/// <summary>A durable queue of a program that is not there all the time.</summary>
public sealed class Subscriber(RabbitMq broker)
{
    private readonly string _queue = $"subscriber-{Guid.NewGuid():n}";
    private readonly List<Told> _told = [];

    /// <summary>Declares the queue, binds it and goes away.</summary>
    public async Task Subscribe(params (string Exchange, string Key)[] bindings)
    {
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueueDeclareAsync(_queue, durable: true, exclusive: false, autoDelete: false);
        foreach (var (exchange, key) in bindings)
        {
            await channel.QueueBindAsync(_queue, exchange, key);
        }
    }

    /// <summary>Comes back and reads until it has all that it wants; gives everything that it was told.</summary>
    public async Task<List<Told>> Catch_up(Func<List<Told>, bool> hasAll)
    {
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await Eventually.Value(
            async () =>
            {
                while (await channel.BasicGetAsync(_queue, autoAck: true) is { } got)
                {
                    _told.Add(new Told(got.RoutingKey, got.BasicProperties.ContentType, JsonNode.Parse(got.Body.Span)!));
                }

                return string.Create(CultureInfo.InvariantCulture, $"{_told.Count} events: {string.Join(' ', _told.Select(x => x.RoutingKey))}");
            },
            _ => hasAll(_told), TimeSpan.FromSeconds(60));
        return _told;
    }

    public async Task Remove()
    {
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueueDeleteAsync(_queue);
    }
}
