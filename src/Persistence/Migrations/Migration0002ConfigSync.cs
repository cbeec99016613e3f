using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace DeployHub.Persistence.Migrations;

/// <summary>Config files, values of environments, and batches that write files onto servers.</summary>
[DbContext(typeof(DeployHubDb))]
[Migration("0002_config_sync")]
public sealed class Migration0002ConfigSync : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<string>("writable_folders", "servers", nullable: true);
        ConfigFiles(migrationBuilder);
        Batches(migrationBuilder);
    }

    private static void ConfigFiles(MigrationBuilder m)
    {
        m.CreateTable("config_files", t => new
        {
            id = t.Column<Guid>(), environment_id = t.Column<Guid>(), name = t.Column<string>(), filename = t.Column<string>(),
            content = t.Column<byte[]>(), is_binary = t.Column<bool>(), description = t.Column<string>(nullable: true),
            language = t.Column<string>(nullable: true), version = t.Column<int>(), created_at = t.Column<DateTime>(), updated_at = t.Column<DateTime>(),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_config_files", x => x.id);
            t.ForeignKey("FK_config_files_environments_environment_id", x => x.environment_id, "environments", "id", onDelete: ReferentialAction.Restrict);
        });
        m.CreateIndex("IX_config_files_environment_id_name", "config_files", ["environment_id", "name"], unique: true);

        m.CreateTable("config_file_versions", t => new
        {
            id = t.Column<Guid>(), config_file_id = t.Column<Guid>(), version = t.Column<int>(), filename = t.Column<string>(),
            content = t.Column<byte[]>(), is_binary = t.Column<bool>(), created_by = t.Column<string>(), created_at = t.Column<DateTime>(),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_config_file_versions", x => x.id);
            t.ForeignKey("FK_config_file_versions_config_files_config_file_id", x => x.config_file_id, "config_files", "id", onDelete: ReferentialAction.Cascade);
        });
        m.CreateIndex("IX_config_file_versions_config_file_id_version", "config_file_versions", ["config_file_id", "version"], unique: true);

        m.CreateTable("config_attachments", t => new
        {
            id = t.Column<Guid>(), config_file_id = t.Column<Guid>(), service_id = t.Column<Guid>(), service_deployment_id = t.Column<Guid>(nullable: true),
            target_path = t.Column<string>(), mode = t.Column<int>(), uid = t.Column<int>(), gid = t.Column<int>(),
            on_change = t.Column<string>(maxLength: 40), signal = t.Column<string>(nullable: true), created_at = t.Column<DateTime>(), updated_at = t.Column<DateTime>(),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_config_attachments", x => x.id);
            t.ForeignKey("FK_config_attachments_config_files_config_file_id", x => x.config_file_id, "config_files", "id", onDelete: ReferentialAction.Restrict);
            t.ForeignKey("FK_config_attachments_services_service_id", x => x.service_id, "services", "id", onDelete: ReferentialAction.Restrict);
            t.ForeignKey("FK_config_attachments_service_deployments_service_deployment_id", x => x.service_deployment_id, "service_deployments", "id", onDelete: ReferentialAction.Restrict);
        });
        m.CreateIndex("IX_config_attachments_config_file_id", "config_attachments", "config_file_id");
        m.CreateIndex("IX_config_attachments_service_id", "config_attachments", "service_id");
        m.CreateIndex("IX_config_attachments_service_deployment_id", "config_attachments", "service_deployment_id");

        m.CreateTable("environment_values", t => new
        {
            id = t.Column<Guid>(), environment_id = t.Column<Guid>(), name = t.Column<string>(), is_secret = t.Column<bool>(),
            value = t.Column<string>(nullable: true), @sealed = t.Column<byte[]>(nullable: true), created_at = t.Column<DateTime>(), updated_at = t.Column<DateTime>(),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_environment_values", x => x.id);
            t.ForeignKey("FK_environment_values_environments_environment_id", x => x.environment_id, "environments", "id", onDelete: ReferentialAction.Restrict);
        });
        m.CreateIndex("IX_environment_values_environment_id_name", "environment_values", ["environment_id", "name"], unique: true);
    }

    private static void Batches(MigrationBuilder m)
    {
        m.CreateTable("sync_batches", t => new
        {
            id = t.Column<Guid>(), environment_id = t.Column<Guid>(), rollback_on_failure = t.Column<bool>(), status = t.Column<string>(maxLength: 40),
            trigger_type = t.Column<string>(), triggered_by = t.Column<string>(), target_count = t.Column<int>(), error = t.Column<string>(nullable: true),
            created_at = t.Column<DateTime>(), started_at = t.Column<DateTime>(nullable: true), completed_at = t.Column<DateTime>(nullable: true),
            updated_at = t.Column<DateTime>(),
        }, constraints: t => t.PrimaryKey("PK_sync_batches", x => x.id));
        m.CreateIndex("IX_sync_batches_environment_id_created_at", "sync_batches", ["environment_id", "created_at"]);
        m.CreateIndex("IX_sync_batches_status_updated_at", "sync_batches", ["status", "updated_at"]);

        m.CreateTable("sync_operations", t => new
        {
            id = t.Column<Guid>(), batch_id = t.Column<Guid>(), index = t.Column<int>(), config_file_id = t.Column<Guid>(),
            config_file_name = t.Column<string>(), config_file_version = t.Column<int>(), status = t.Column<string>(maxLength: 40), error = t.Column<string>(nullable: true),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_sync_operations", x => x.id);
            t.ForeignKey("FK_sync_operations_sync_batches_batch_id", x => x.batch_id, "sync_batches", "id", onDelete: ReferentialAction.Cascade);
        });
        m.CreateIndex("IX_sync_operations_batch_id_index", "sync_operations", ["batch_id", "index"], unique: true);

        m.CreateTable("sync_targets", t => new
        {
            id = t.Column<Guid>(), batch_id = t.Column<Guid>(), operation_id = t.Column<Guid>(), operation_index = t.Column<int>(), config_file_id = t.Column<Guid>(),
            order = t.Column<int>(), server_id = t.Column<Guid>(), server_name = t.Column<string>(), container_name = t.Column<string>(), path = t.Column<string>(),
            mode = t.Column<int>(), uid = t.Column<int>(), gid = t.Column<int>(), on_change = t.Column<string>(maxLength: 40), signal = t.Column<string>(nullable: true),
            content = t.Column<byte[]>(), to_hash = t.Column<string>(), from_hash = t.Column<string>(nullable: true), snapshot = t.Column<byte[]>(nullable: true),
            touched = t.Column<bool>(), reloaded = t.Column<bool>(), status = t.Column<string>(maxLength: 40), error = t.Column<string>(nullable: true), attempts = t.Column<int>(),
            started_at = t.Column<DateTime>(nullable: true), completed_at = t.Column<DateTime>(nullable: true), deadline_at = t.Column<DateTime>(nullable: true),
            counted = t.Column<int>(nullable: true),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_sync_targets", x => x.id);
            t.ForeignKey("FK_sync_targets_sync_batches_batch_id", x => x.batch_id, "sync_batches", "id", onDelete: ReferentialAction.Cascade);
        });
        m.CreateIndex("IX_sync_targets_batch_id_order", "sync_targets", ["batch_id", "order"], unique: true);
        m.CreateIndex("IX_sync_targets_operation_id", "sync_targets", "operation_id");

        m.CreateTable("config_sync_states", t => new
        {
            correlation_id = t.Column<Guid>(), current_state = t.Column<string>(), version = t.Column<int>(), total = t.Column<int>(),
            rollback_on_failure = t.Column<bool>(), holds_targets = t.Column<bool>(), next_order = t.Column<int>(), in_flight = t.Column<int>(),
            done = t.Column<int>(), failed = t.Column<int>(), touched = t.Column<int>(), not_restored = t.Column<int>(), sequence = t.Column<int>(),
            deadline_token = t.Column<Guid>(nullable: true),
        }, constraints: t => t.PrimaryKey("PK_config_sync_states", x => x.correlation_id));
        m.CreateIndex("IX_config_sync_states_current_state", "config_sync_states", "current_state");
    }
}
