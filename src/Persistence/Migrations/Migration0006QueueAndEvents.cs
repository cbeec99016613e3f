using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace DeployHub.Persistence.Migrations;

/// <summary>
/// Plans and batches know the name of their environment and the trace that they belong to; the outbox holds replies. What the machines are told
/// has names of its own now: a message that waits under a former one keeps its meaning.
/// </summary>
[DbContext(typeof(DeployHubDb))]
[Migration("0006_queue_and_events")]
public sealed class Migration0006QueueAndEvents : Migration
{
    private static readonly (string Former, string Present)[] Renamed =
    [
        ("Deployments.DeployContainerImage", "Deployments.BeginDeployment"),
        ("Deployments.RollbackDeployment", "Deployments.TakeBackDeployment"),
        ("Deployments.CancelDeployment", "Deployments.StopDeployment"),
        ("ConfigSync.ExecuteSyncBatch", "ConfigSync.BeginSyncBatch"),
        ("ConfigSync.CancelSyncBatch", "ConfigSync.StopSyncBatch"),
    ];

    protected override void Up(MigrationBuilder migrationBuilder)
    {
        foreach (var table in new[] { "deployment_plans", "sync_batches" })
        {
            migrationBuilder.AddColumn<string>("environment_name", table, nullable: true);
            migrationBuilder.AddColumn<string>("trace_parent", table, nullable: true);
            migrationBuilder.Sql($"UPDATE {table} SET environment_name = (SELECT name FROM environments WHERE environments.id = {table}.environment_id)");
        }

        migrationBuilder.AddColumn<string>("reply_to", "outbox_messages", nullable: true);
        migrationBuilder.AddColumn<Guid>("reply_request_id", "outbox_messages", nullable: true);
        migrationBuilder.AddColumn<string>("reply_correlation", "outbox_messages", nullable: true);
        migrationBuilder.AddColumn<string>("trace_parent", "outbox_messages", nullable: true);
        foreach (var (former, present) in Renamed)
        {
            foreach (var table in new[] { "outbox_messages", "dead_letters" })
            {
                migrationBuilder.Sql(
                    $"UPDATE {table} SET message_type = 'DeployHub.Contracts.{present}' WHERE message_type = 'DeployHub.Contracts.{former}'");
            }
        }
    }
}
