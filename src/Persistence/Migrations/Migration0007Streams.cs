using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace DeployHub.Persistence.Migrations;

/// <summary>What was told of plans, batches and environments is kept for a while, numbered, so that a stream can be resumed on any process.</summary>
[DbContext(typeof(DeployHubDb))]
[Migration("0007_streams")]
public sealed class Migration0007Streams : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "stream_heads",
            t => new { stream_id = t.Column<Guid>(), last = t.Column<long>() },
            constraints: t => t.PrimaryKey("PK_stream_heads", x => x.stream_id));
        migrationBuilder.CreateTable(
            "stream_entries",
            t => new { stream_id = t.Column<Guid>(), number = t.Column<long>(), kind = t.Column<string>(), data = t.Column<string>(), at = t.Column<DateTime>() },
            constraints: t => t.PrimaryKey("PK_stream_entries", x => new { x.stream_id, x.number }));
        migrationBuilder.CreateIndex("IX_stream_entries_at", "stream_entries", "at");
    }
}
