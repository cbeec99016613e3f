using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace DeployHub.Persistence.Migrations;

/// <summary>What ended long ago is found by when it ended.</summary>
[DbContext(typeof(DeployHubDb))]
[Migration("0009_old_history")]
public sealed class Migration0009OldHistory : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.CreateIndex("IX_deployment_plans_completed_at", "deployment_plans", "completed_at");
}
