using DeployHub.Servers;
using Xunit;

namespace DeployHub.Integration.Servers;

public class BrokerAndDatabaseTests
{
    [Fact]
    public async Task A_broker_starts_beside_any_other_survives_a_kill_and_leaves_nothing()
    {
        ServerFolder folder;
        await using (var broker = await RabbitMq.Start())
        {
            folder = broker.Folder;
            Assert.Equal("", await broker.Ctl("list_queues", "name", "messages"));
            await broker.Ctl("add_vhost", "kept");

            await broker.Kill();
            await broker.StartAgain();
            Assert.Contains("kept", await broker.Ctl("list_vhosts"), StringComparison.Ordinal);

            await broker.Stop();
            await broker.StartAgain();
            Assert.Contains("kept", await broker.Ctl("list_vhosts"), StringComparison.Ordinal);
        }

        Assert.Empty(Leftovers.Of(folder));
    }

    [Fact]
    public async Task A_database_server_keeps_what_was_committed_over_a_kill_and_leaves_nothing()
    {
        ServerFolder folder;
        await using (var server = await Postgres.Start())
        {
            folder = server.Folder;
            Assert.Contains($"Port={server.Port};Database=shop", await server.CreateDatabase("shop"), StringComparison.Ordinal);
            await server.Query("shop", "create table t (x int); insert into t values (7)");

            await server.Kill();
            await server.StartAgain();
            Assert.Equal("7", await server.Query("shop", "select x from t"));

            await server.Stop();
            await server.StartAgain();
            Assert.Equal("7", await server.Query("shop", "select x from t"));
        }

        Assert.Empty(Leftovers.Of(folder));
    }

    [Fact]
    public async Task An_external_server_is_used_where_one_is_named()
    {
        await using var servers = new ExternalServers();
        var database = await servers.NewDatabase();

        Assert.Contains("Database=test_", database, StringComparison.OrdinalIgnoreCase);
        Assert.NotEqual(database, await servers.NewDatabase());
    }
}
