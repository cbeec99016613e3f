using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace DeployHub.Persistence.Migrations;

/// <summary>What stands still is found by its status alone: with the time in an index, every step that ended wrote anew into all indexes of its plan.</summary>
[DbContext(typeof(DeployHubDb))]
[Migration("0010_cheap_updates")]
public sealed class Migration0010CheapUpdates : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        foreach (var table in new[] { "deployment_plans", "sync_batches" })
        {
            migrationBuilder.DropIndex($"IX_{table}_status_updated_at", table);
            migrationBuilder.CreateIndex($"IX_{table}_status", table, "status");
        }
    }
}
