using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace DeployHub.Persistence.Migrations;

/// <summary>
/// Tokens belong to accounts, and the audit log knows both, refused tries too. Each token that is there gets an account of its own id, name and
/// role: idempotency keys, which were kept under the token's id, hold on under the account's.
/// </summary>
[DbContext(typeof(DeployHubDb))]
[Migration("0005_accounts")]
public sealed class Migration0005Accounts : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        var m = migrationBuilder;
        m.CreateTable(
            "accounts",
            t => new
            {
                id = t.Column<Guid>(), name = t.Column<string>(), role = t.Column<string>(maxLength: 40), environment_ids = t.Column<string>(nullable: true),
                broker_user = t.Column<string>(nullable: true), created_at = t.Column<DateTime>(), disabled_at = t.Column<DateTime>(nullable: true),
            },
            constraints: t => t.PrimaryKey("PK_accounts", x => x.id));
        m.CreateIndex("IX_accounts_name", "accounts", "name", unique: true);
        m.CreateIndex("IX_accounts_broker_user", "accounts", "broker_user", unique: true);
        m.Sql("INSERT INTO accounts (id, name, role, created_at) SELECT id, name, role, created_at FROM api_tokens");

        // Made anew, both of them: SQLite adds no foreign key and no column without a default to a table that is there.
        m.Sql("CREATE TABLE former_api_tokens AS SELECT * FROM api_tokens");
        m.DropTable("api_tokens");
        CreateTokens(m);
        m.Sql(
            """
            INSERT INTO api_tokens (id, account_id, name, hash, role, created_at, expires_at, revoked_at, last_used_at)
            SELECT id, id, name, hash, role, created_at, expires_at, revoked_at, last_used_at FROM former_api_tokens
            """);
        m.DropTable("former_api_tokens");

        m.Sql("CREATE TABLE former_audit_entries AS SELECT * FROM audit_entries");
        m.DropTable("audit_entries");
        CreateAuditEntries(m);
        m.Sql(
            """
            INSERT INTO audit_entries (id, at, actor, action, target_id, environment_id, result, tries, detail, request_id, remote_address)
            SELECT id, at, actor, action, target_id, environment_id, 'done', 1, detail, request_id, remote_address FROM former_audit_entries
            """);
        m.DropTable("former_audit_entries");
    }

    private static void CreateTokens(MigrationBuilder m)
    {
        m.CreateTable(
            "api_tokens",
            t => new
            {
                id = t.Column<Guid>(), account_id = t.Column<Guid>(), name = t.Column<string>(), hash = t.Column<string>(), role = t.Column<string>(maxLength: 40),
                environment_ids = t.Column<string>(nullable: true), created_at = t.Column<DateTime>(), expires_at = t.Column<DateTime>(nullable: true),
                revoked_at = t.Column<DateTime>(nullable: true), last_used_at = t.Column<DateTime>(nullable: true),
            },
            constraints: t =>
            {
                t.PrimaryKey("PK_api_tokens", x => x.id);
                t.ForeignKey("FK_api_tokens_accounts_account_id", x => x.account_id, "accounts", "id", onDelete: ReferentialAction.Restrict);
            });
        m.CreateIndex("IX_api_tokens_hash", "api_tokens", "hash", unique: true);
        m.CreateIndex("IX_api_tokens_name", "api_tokens", "name", unique: true);
        m.CreateIndex("IX_api_tokens_account_id", "api_tokens", "account_id");
    }

    private static void CreateAuditEntries(MigrationBuilder m)
    {
        m.CreateTable(
            "audit_entries",
            t => new
            {
                id = t.Column<Guid>(), at = t.Column<DateTime>(), actor = t.Column<string>(), token_id = t.Column<Guid>(nullable: true),
                account_id = t.Column<Guid>(nullable: true), account = t.Column<string>(nullable: true), action = t.Column<string>(),
                target_id = t.Column<Guid>(nullable: true), environment_id = t.Column<Guid>(nullable: true), result = t.Column<string>(maxLength: 40),
                error_code = t.Column<string>(nullable: true), tries = t.Column<int>(), detail = t.Column<string>(nullable: true),
                request_id = t.Column<string>(nullable: true), remote_address = t.Column<string>(nullable: true),
            },
            constraints: t => t.PrimaryKey("PK_audit_entries", x => x.id));
        m.CreateIndex("IX_audit_entries_at", "audit_entries", "at");
        foreach (var column in new[] { "environment_id", "actor", "action", "target_id", "result" })
        {
            m.CreateIndex($"IX_audit_entries_{column}_at", "audit_entries", [column, "at"]);
        }
    }
}
