using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace DeployHub.Persistence.Migrations;

/// <summary>Messages that could not be handled are kept, and so are those that could not be sent: what was parked in the outbox is tried once more.</summary>
[DbContext(typeof(DeployHubDb))]
[Migration("0004_dead_letters")]
public sealed class Migration0004DeadLetters : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "dead_letters",
            t => new
            {
                id = t.Column<Guid>(), queue = t.Column<string>(nullable: true), message_id = t.Column<Guid>(nullable: true),
                correlation_id = t.Column<Guid>(nullable: true), message_type = t.Column<string>(nullable: true), body = t.Column<string>(nullable: true),
                reason = t.Column<string>(), failed_at = t.Column<DateTime>(),
            },
            constraints: t => t.PrimaryKey("PK_dead_letters", x => x.id));
        migrationBuilder.CreateIndex("IX_dead_letters_failed_at", "dead_letters", "failed_at");
        migrationBuilder.DropIndex("IX_outbox_messages_parked_due_at", "outbox_messages");

        // Not DropColumn: for SQLite that would have to build the table anew.
        migrationBuilder.Sql("ALTER TABLE outbox_messages DROP COLUMN parked");
        migrationBuilder.CreateIndex("IX_outbox_messages_due_at", "outbox_messages", "due_at");
    }
}
