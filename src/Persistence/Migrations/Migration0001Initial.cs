using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Migrations.Operations.Builders;

namespace DeployHub.Persistence.Migrations;

/// <summary>The first schema. Column types are left to the provider, so one text serves PostgreSQL and SQLite.</summary>
[DbContext(typeof(DeployHubDb))]
[Migration("0001_initial")]
public sealed class Migration0001Initial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        Inventory(migrationBuilder);
        Plans(migrationBuilder);
        Messaging(migrationBuilder);
        Access(migrationBuilder);
    }

    private static void Inventory(MigrationBuilder m)
    {
        m.CreateTable("environments", t => new
        {
            id = t.Column<Guid>(), name = t.Column<string>(), created_at = t.Column<DateTime>(), updated_at = t.Column<DateTime>(),
        }, constraints: t => t.PrimaryKey("PK_environments", x => x.id));
        m.CreateIndex("IX_environments_name", "environments", "name", unique: true);

        m.CreateTable("registries", t => new
        {
            id = t.Column<Guid>(), environment_id = t.Column<Guid>(), name = t.Column<string>(), registry_url = t.Column<string>(),
            username = t.Column<string>(nullable: true), password = t.Column<byte[]>(nullable: true),
            created_at = t.Column<DateTime>(), updated_at = t.Column<DateTime>(),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_registries", x => x.id);
            t.ForeignKey("FK_registries_environments_environment_id", x => x.environment_id, "environments", "id", onDelete: ReferentialAction.Restrict);
        });
        m.CreateIndex("IX_registries_environment_id_name", "registries", ["environment_id", "name"], unique: true);

        m.CreateTable("servers", t => new
        {
            id = t.Column<Guid>(), environment_id = t.Column<Guid>(), name = t.Column<string>(), endpoint = t.Column<string>(),
            engine_id = t.Column<string>(nullable: true), engine_version = t.Column<string>(nullable: true),
            status = t.Column<string>(maxLength: 40), status_message = t.Column<string>(nullable: true),
            last_seen_at = t.Column<DateTime>(nullable: true), created_at = t.Column<DateTime>(), updated_at = t.Column<DateTime>(),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_servers", x => x.id);
            t.ForeignKey("FK_servers_environments_environment_id", x => x.environment_id, "environments", "id", onDelete: ReferentialAction.Restrict);
        });
        m.CreateIndex("IX_servers_environment_id_name", "servers", ["environment_id", "name"], unique: true);

        m.CreateTable("container_images", t => new
        {
            id = t.Column<Guid>(), environment_id = t.Column<Guid>(), name = t.Column<string>(), image_name = t.Column<string>(),
            registry_connection_id = t.Column<Guid>(nullable: true), created_at = t.Column<DateTime>(), updated_at = t.Column<DateTime>(),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_container_images", x => x.id);
            t.ForeignKey("FK_container_images_environments_environment_id", x => x.environment_id, "environments", "id", onDelete: ReferentialAction.Restrict);
            t.ForeignKey("FK_container_images_registries_registry_connection_id", x => x.registry_connection_id, "registries", "id", onDelete: ReferentialAction.Restrict);
        });
        m.CreateIndex("IX_container_images_environment_id_name", "container_images", ["environment_id", "name"], unique: true);
        m.CreateIndex("IX_container_images_registry_connection_id", "container_images", "registry_connection_id");

        m.CreateTable("image_digests", t => new
        {
            id = t.Column<Guid>(), container_image_id = t.Column<Guid>(), manifest_digest = t.Column<string>(),
            tag = t.Column<string>(nullable: true), created_at = t.Column<DateTime>(), last_seen_at = t.Column<DateTime>(),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_image_digests", x => x.id);
            t.ForeignKey("FK_image_digests_container_images_container_image_id", x => x.container_image_id, "container_images", "id", onDelete: ReferentialAction.Restrict);
        });
        m.CreateIndex("IX_image_digests_container_image_id_manifest_digest", "image_digests", ["container_image_id", "manifest_digest"], unique: true);

        m.CreateTable("services", t => new
        {
            id = t.Column<Guid>(), environment_id = t.Column<Guid>(), name = t.Column<string>(), container_image_id = t.Column<Guid>(),
            container = t.Column<string>(nullable: true), adopt = t.Column<bool>(), health = t.Column<string>(),
            created_at = t.Column<DateTime>(), updated_at = t.Column<DateTime>(),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_services", x => x.id);
            t.ForeignKey("FK_services_environments_environment_id", x => x.environment_id, "environments", "id", onDelete: ReferentialAction.Restrict);
            t.ForeignKey("FK_services_container_images_container_image_id", x => x.container_image_id, "container_images", "id", onDelete: ReferentialAction.Restrict);
        });
        m.CreateIndex("IX_services_environment_id_name", "services", ["environment_id", "name"], unique: true);
        m.CreateIndex("IX_services_container_image_id", "services", "container_image_id");

        m.CreateTable("service_deployments", t => new
        {
            id = t.Column<Guid>(), service_id = t.Column<Guid>(), server_id = t.Column<Guid>(), container_name = t.Column<string>(),
            last_plan_id = t.Column<Guid>(nullable: true), current_digest = t.Column<string>(nullable: true),
            current_tag = t.Column<string>(nullable: true), current_container_id = t.Column<string>(nullable: true),
            deployed_at = t.Column<DateTime>(nullable: true), kept_step_id = t.Column<Guid>(nullable: true),
            created_at = t.Column<DateTime>(), updated_at = t.Column<DateTime>(),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_service_deployments", x => x.id);
            t.ForeignKey("FK_service_deployments_services_service_id", x => x.service_id, "services", "id", onDelete: ReferentialAction.Restrict);
            t.ForeignKey("FK_service_deployments_servers_server_id", x => x.server_id, "servers", "id", onDelete: ReferentialAction.Restrict);
        });
        m.CreateIndex("IX_service_deployments_server_id_container_name", "service_deployments", ["server_id", "container_name"], unique: true);
        m.CreateIndex("IX_service_deployments_service_id_server_id", "service_deployments", ["service_id", "server_id"], unique: true);
    }

    private static void Plans(MigrationBuilder m)
    {
        m.CreateTable("deployment_plans", t => new
        {
            id = t.Column<Guid>(), environment_id = t.Column<Guid>(), container_image_id = t.Column<Guid>(),
            registry_connection_id = t.Column<Guid>(nullable: true), image_name = t.Column<string>(), image_tag = t.Column<string>(nullable: true),
            requested_digest = t.Column<string>(nullable: true), image_digest = t.Column<string>(nullable: true), local_image = t.Column<bool>(),
            auto_rollback = t.Column<bool>(), max_parallel = t.Column<int>(), status = t.Column<string>(maxLength: 40),
            trigger_type = t.Column<string>(), triggered_by = t.Column<string>(), step_count = t.Column<int>(),
            error = t.Column<string>(nullable: true), rolled_back_by = t.Column<string>(nullable: true), created_at = t.Column<DateTime>(),
            started_at = t.Column<DateTime>(nullable: true), completed_at = t.Column<DateTime>(nullable: true), updated_at = t.Column<DateTime>(),
        }, constraints: t => t.PrimaryKey("PK_deployment_plans", x => x.id));
        m.CreateIndex("IX_deployment_plans_environment_id_created_at", "deployment_plans", ["environment_id", "created_at"]);
        m.CreateIndex("IX_deployment_plans_container_image_id_created_at", "deployment_plans", ["container_image_id", "created_at"]);
        m.CreateIndex("IX_deployment_plans_status_updated_at", "deployment_plans", ["status", "updated_at"]);

        m.CreateTable("deployment_steps", t => new
        {
            id = t.Column<Guid>(), plan_id = t.Column<Guid>(), order = t.Column<int>(), service_id = t.Column<Guid>(),
            server_id = t.Column<Guid>(), service_deployment_id = t.Column<Guid>(), service_name = t.Column<string>(),
            server_name = t.Column<string>(), container_name = t.Column<string>(), settings = t.Column<string>(),
            status = t.Column<string>(maxLength: 40), phase = t.Column<string>(nullable: true), attempts = t.Column<int>(),
            started_at = t.Column<DateTime>(nullable: true), completed_at = t.Column<DateTime>(nullable: true),
            deadline_at = t.Column<DateTime>(nullable: true), error = t.Column<string>(nullable: true), touched = t.Column<bool>(),
            from_container_id = t.Column<string>(nullable: true), from_digest = t.Column<string>(nullable: true),
            from_image_id = t.Column<string>(nullable: true), from_restart_policy = t.Column<string>(nullable: true),
            from_was_running = t.Column<bool>(), from_inspection = t.Column<byte[]>(nullable: true),
            from_plan_id = t.Column<Guid>(nullable: true), from_tag = t.Column<string>(nullable: true),
            to_container_id = t.Column<string>(nullable: true), to_digest = t.Column<string>(nullable: true), restored = t.Column<bool>(),
            recreated = t.Column<bool>(), cleanup_message = t.Column<string>(nullable: true), counted = t.Column<int>(nullable: true),
        }, constraints: t =>
        {
            t.PrimaryKey("PK_deployment_steps", x => x.id);
            t.ForeignKey("FK_deployment_steps_deployment_plans_plan_id", x => x.plan_id, "deployment_plans", "id", onDelete: ReferentialAction.Cascade);
        });
        m.CreateIndex("IX_deployment_steps_plan_id_order", "deployment_steps", ["plan_id", "order"], unique: true);

        m.CreateTable("deployment_states", t => new
        {
            correlation_id = t.Column<Guid>(), current_state = t.Column<string>(), version = t.Column<int>(), total = t.Column<int>(),
            max_parallel = t.Column<int>(), auto_rollback = t.Column<bool>(), holds_targets = t.Column<bool>(), next_order = t.Column<int>(),
            in_flight = t.Column<int>(), succeeded = t.Column<int>(), failed = t.Column<int>(), touched = t.Column<int>(),
            not_restored = t.Column<int>(), rollback_wanted = t.Column<bool>(), sequence = t.Column<int>(), deadline_token = t.Column<Guid>(nullable: true),
        }, constraints: t => t.PrimaryKey("PK_deployment_states", x => x.correlation_id));
        m.CreateIndex("IX_deployment_states_current_state", "deployment_states", "current_state");

        m.CreateTable("target_locks", t => new
        {
            sequence = Counted(t.Column<long>()), key = t.Column<string>(), plan_id = t.Column<Guid>(), granted = t.Column<bool>(),
        }, constraints: t => t.PrimaryKey("PK_target_locks", x => x.sequence));
        m.CreateIndex("IX_target_locks_key_plan_id", "target_locks", ["key", "plan_id"], unique: true);
        m.CreateIndex("IX_target_locks_plan_id", "target_locks", "plan_id");

        m.CreateTable("step_leases", t => new
        {
            subject_id = t.Column<Guid>(), act = t.Column<int>(), plan_id = t.Column<Guid>(), owner = t.Column<Guid>(nullable: true),
            claimable_at = t.Column<DateTime>(), attempts = t.Column<int>(),
        }, constraints: t => t.PrimaryKey("PK_step_leases", x => new { x.subject_id, x.act }));
        m.CreateIndex("IX_step_leases_claimable_at", "step_leases", "claimable_at");
        m.CreateIndex("IX_step_leases_plan_id", "step_leases", "plan_id");
    }

    private static void Messaging(MigrationBuilder m)
    {
        m.CreateTable("outbox_messages", t => new
        {
            id = Counted(t.Column<long>()), message_id = t.Column<Guid>(), queue = t.Column<string>(nullable: true),
            message_type = t.Column<string>(), body = t.Column<string>(), correlation_id = t.Column<Guid>(), due_at = t.Column<DateTime>(),
            token = t.Column<Guid>(nullable: true), attempts = t.Column<int>(), last_error = t.Column<string>(nullable: true), parked = t.Column<bool>(),
        }, constraints: t => t.PrimaryKey("PK_outbox_messages", x => x.id));
        m.CreateIndex("IX_outbox_messages_parked_due_at", "outbox_messages", ["parked", "due_at"]);
        m.CreateIndex("IX_outbox_messages_token", "outbox_messages", "token");

        m.CreateTable("inbox_messages", t => new
        {
            message_id = t.Column<Guid>(), consumer = t.Column<string>(), received_at = t.Column<DateTime>(),
        }, constraints: t => t.PrimaryKey("PK_inbox_messages", x => new { x.message_id, x.consumer }));
        m.CreateIndex("IX_inbox_messages_received_at", "inbox_messages", "received_at");
    }

    private static void Access(MigrationBuilder m)
    {
        m.CreateTable("api_tokens", t => new
        {
            id = t.Column<Guid>(), name = t.Column<string>(), hash = t.Column<string>(), role = t.Column<string>(maxLength: 40),
            created_at = t.Column<DateTime>(), expires_at = t.Column<DateTime>(nullable: true), revoked_at = t.Column<DateTime>(nullable: true),
            last_used_at = t.Column<DateTime>(nullable: true),
        }, constraints: t => t.PrimaryKey("PK_api_tokens", x => x.id));
        m.CreateIndex("IX_api_tokens_hash", "api_tokens", "hash", unique: true);
        m.CreateIndex("IX_api_tokens_name", "api_tokens", "name", unique: true);

        m.CreateTable("audit_entries", t => new
        {
            id = t.Column<Guid>(), at = t.Column<DateTime>(), actor = t.Column<string>(), action = t.Column<string>(),
            target_id = t.Column<Guid>(nullable: true), environment_id = t.Column<Guid>(nullable: true), detail = t.Column<string>(nullable: true),
            request_id = t.Column<string>(nullable: true), remote_address = t.Column<string>(nullable: true),
        }, constraints: t => t.PrimaryKey("PK_audit_entries", x => x.id));
        m.CreateIndex("IX_audit_entries_at", "audit_entries", "at");
        m.CreateIndex("IX_audit_entries_environment_id_at", "audit_entries", ["environment_id", "at"]);

        m.CreateTable("idempotency_keys", t => new
        {
            caller = t.Column<string>(), key = t.Column<string>(), request_hash = t.Column<string>(), resource_id = t.Column<Guid>(),
            created_at = t.Column<DateTime>(),
        }, constraints: t => t.PrimaryKey("PK_idempotency_keys", x => new { x.caller, x.key }));
        m.CreateIndex("IX_idempotency_keys_created_at", "idempotency_keys", "created_at");
    }

    // The database numbers the rows in the order in which they come.
    private static OperationBuilder<AddColumnOperation> Counted(OperationBuilder<AddColumnOperation> column) => column
        .Annotation("Npgsql:ValueGenerationStrategy", Npgsql.EntityFrameworkCore.PostgreSQL.Metadata.NpgsqlValueGenerationStrategy.IdentityByDefaultColumn)
        .Annotation("Sqlite:Autoincrement", true);
}
