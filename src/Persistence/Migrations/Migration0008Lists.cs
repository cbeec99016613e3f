using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace DeployHub.Persistence.Migrations;

/// <summary>Indexes for lists of what grows with time, so that a page costs the same after years.</summary>
[DbContext(typeof(DeployHubDb))]
[Migration("0008_lists")]
public sealed class Migration0008Lists : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateIndex(
            "IX_deployment_plans_environment_id_status_created_at", "deployment_plans", ["environment_id", "status", "created_at"]);
        migrationBuilder.CreateIndex(
            "IX_deployment_plans_container_image_id_status_created_at", "deployment_plans", ["container_image_id", "status", "created_at"]);
        migrationBuilder.CreateIndex("IX_deployment_steps_service_id_plan_id", "deployment_steps", ["service_id", "plan_id"]);
        migrationBuilder.CreateIndex("IX_sync_batches_environment_id_status_created_at", "sync_batches", ["environment_id", "status", "created_at"]);
        migrationBuilder.CreateIndex("IX_sync_operations_config_file_id_batch_id", "sync_operations", ["config_file_id", "batch_id"]);
        migrationBuilder.CreateIndex("IX_image_digests_container_image_id_created_at", "image_digests", ["container_image_id", "created_at"]);
    }
}
