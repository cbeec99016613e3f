using DeployHub.Servers;

namespace DeployHub.Integration.Hub;

/// <summary>One Api and two Workers, with a broker and a database that the tests of one class break and mend.</summary>
public sealed class MendableServers : HubFixture
{
    public const string DatabaseName = "deployhub";

    private RabbitMq? _broker;
    private Postgres? _database;

    public RabbitMq Broker => _broker ?? throw new InvalidOperationException("The hub was not started.");

    public Postgres Database => _database ?? throw new InvalidOperationException("The hub was not started.");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await (_broker?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_database?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    protected override async Task<RunningHub> StartHub()
    {
        var broker = RabbitMq.Start();
        _database = await Postgres.Start();
        _broker = await broker;
        return await RunningHub.Distributed(await _database.CreateDatabase(DatabaseName), _broker.Uri, workers: 2);
    }
}
