using System.Collections.Concurrent;
using DeployHub.Contracts.Deployments;
using DeployHub.Hosting;
using DeployHub.Integration.Persistence;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DeployHub.Integration.Messaging;

/// <summary>A host with the outbox and a bus, as the real ones have; what it reads, it keeps for the test.</summary>
public sealed class TestBus : IAsyncDisposable
{
    private readonly IHost _host;

    private TestBus(IHost host, Received received) => (_host, Received) = (host, received);

    public Received Received { get; }

    public IBus Bus => _host.Services.GetRequiredService<IBus>();

    public IServiceProvider Services => _host.Services;

    /// <param name="database">Where the outbox lies.</param>
    /// <param name="broker">RabbitMQ, or null for the in-memory transport.</param>
    /// <param name="queue">What it reads; null to send alone.</param>
    /// <param name="parts">More of the bus.</param>
    public static async Task<TestBus> Start(TestDatabase database, Uri? broker, string? queue = null, params IBusParts[] parts)
    {
        var received = new Received();
        var settings = new HostSettings(database.Options, broker, database.Folder, new byte[32]);
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        builder.Services.AddSingleton(received);
        builder.Services.AddPersistence(settings.Persistence);
        builder.Services.AddBus(settings, queue is null ? parts : [.. parts, new Reading(queue)]);
        var host = builder.Build();
        await host.StartAsync();
        return new TestBus(host, received);
    }

    /// <summary>One transaction, handed over to this host's relay.</summary>
    public async Task Write(Func<DeployHubDb, Task> write)
    {
        await using var scope = _host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeployHubDb>();
        await db.InTransaction(() => write(db), CancellationToken.None);
    }

    /// <summary>Sends a message of its own to the queue; gives the id that it carries.</summary>
    public async Task<Guid> Send(string queue)
    {
        var id = Guid.CreateVersion7();
        await Write(db =>
        {
            db.Send(queue, id, new DeploymentNudged(id));
            return Task.CompletedTask;
        });
        return id;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private sealed class Reading(string queue) : IBusParts
    {
        public void Register(IBusRegistrationConfigurator bus) => bus.AddConsumer<Reader>();

        public void Receive(IBusRegistrationContext context, IReceiveConfigurator receive) => receive.ReceiveEndpoint(queue, endpoint =>
        {
            endpoint.ConfigureConsumeTopology = false;
            endpoint.ConfigureConsumer<Reader>(context);
        });
    }

    private sealed class Reader(Received received) : IConsumer<DeploymentNudged>
    {
        public Task Consume(ConsumeContext<DeploymentNudged> context)
        {
            received.Add(context.Message.PlanId);
            return Task.CompletedTask;
        }
    }
}

/// <summary>The ids that the messages carried, and when they came.</summary>
public sealed class Received
{
    private readonly ConcurrentQueue<(Guid Id, DateTime At)> _all = new();

    public int Count => _all.Count;

    public IEnumerable<Guid> Ids => _all.Select(x => x.Id);

    public void Add(Guid id) => _all.Enqueue((id, DateTime.UtcNow));

    public bool Has(Guid id) => _all.Any(x => x.Id == id);

    public DateTime At(Guid id) => _all.First(x => x.Id == id).At;
}
