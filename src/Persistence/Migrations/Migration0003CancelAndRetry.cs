using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace DeployHub.Persistence.Migrations;

/// <summary>Plans and batches can be cancelled and retried, plans be superseded.</summary>
[DbContext(typeof(DeployHubDb))]
[Migration("0003_cancel_and_retry")]
public sealed class Migration0003CancelAndRetry : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<DateTime>("stop_wanted_at", "deployment_plans", nullable: true);
        migrationBuilder.AddColumn<string>("cancelled_by", "deployment_plans", nullable: true);
        migrationBuilder.AddColumn<bool>("cancel_rollback", "deployment_plans", nullable: true);
        migrationBuilder.AddColumn<Guid>("superseded_by", "deployment_plans", nullable: true);
        migrationBuilder.AddColumn<string>("retried_by", "deployment_plans", nullable: true);
        migrationBuilder.AddColumn<string>("failure", "deployment_steps", nullable: true);
        migrationBuilder.AddColumn<string>("spent_container_id", "deployment_steps", nullable: true);
        migrationBuilder.AddColumn<int>("stop_at", "step_leases", nullable: true);
        migrationBuilder.AddColumn<DateTime>("stop_wanted_at", "sync_batches", nullable: true);
        migrationBuilder.AddColumn<string>("cancelled_by", "sync_batches", nullable: true);
        migrationBuilder.AddColumn<bool>("cancel_rollback", "sync_batches", nullable: true);
        migrationBuilder.AddColumn<string>("retried_by", "sync_batches", nullable: true);
        migrationBuilder.AddColumn<bool>("goes_back", "config_sync_states", nullable: true);
    }
}
