using static DeployHub.Domain.Tokens.Role;
using static DeployHub.Intake.Access.Noun;
using static DeployHub.Intake.Access.Scope;

namespace DeployHub.Intake.Access;

/// <summary>
/// Who may do what: one row for each route and each command. A route without a row, or a row without a route, keeps the Api from starting;
/// <c>docs/permissions.md</c> is made from this table, and a test holds it to it.
/// </summary>
public static class AccessTable
{
    /// <summary>The routes, as they are listed to people.</summary>
    public static IReadOnlyList<AccessRow> Routes { get; } =
    [
        new("GET /health", null, Open, "health.read"),
        new("GET /health/ready", null, Open, "health.read"),
        new("GET /openapi.json", null, Open, "document.read"),
        new("GET /asyncapi.json", null, Open, "document.read"),
        new("GET /api/status", Viewer, Listed, "status.read"),

        // Names of environments are one namespace: who may give one learns of the others.
        new("GET /api/environments", Viewer, Listed, "environment.list"),
        new("POST /api/environments", Admin, Global, "environment.create"),
        new("GET /api/environments/{id}", Viewer, Noun.Environment, "environment.read"),
        new("PATCH /api/environments/{id}", Admin, Global, "environment.update"),
        new("DELETE /api/environments/{id}", Admin, Global, "environment.delete"),

        new("GET /api/environments/{envId}/servers", Viewer, Noun.Environment, "server.list"),
        new("POST /api/environments/{envId}/servers", Admin, Noun.Environment, "server.create"),
        new("GET /api/servers/{id}", Viewer, Server, "server.read"),
        new("PATCH /api/servers/{id}", Admin, Server, "server.update"),
        new("DELETE /api/servers/{id}", Admin, Server, "server.delete"),

        new("GET /api/environments/{envId}/registries", Viewer, Noun.Environment, "registry.list"),
        new("POST /api/environments/{envId}/registries", Admin, Noun.Environment, "registry.create"),
        new("GET /api/registries/{id}", Viewer, Registry, "registry.read"),
        new("PATCH /api/registries/{id}", Admin, Registry, "registry.update"),
        new("DELETE /api/registries/{id}", Admin, Registry, "registry.delete"),

        new("GET /api/environments/{envId}/container-images", Viewer, Noun.Environment, "container_image.list"),
        new("POST /api/environments/{envId}/container-images", Admin, Noun.Environment, "container_image.create"),
        new("GET /api/container-images/{id}", Viewer, ContainerImage, "container_image.read"),
        new("PATCH /api/container-images/{id}", Admin, ContainerImage, "container_image.update"),
        new("DELETE /api/container-images/{id}", Admin, ContainerImage, "container_image.delete"),
        new("GET /api/container-images/{id}/digests", Viewer, ContainerImage, "image_digest.list"),
        new("POST /api/container-images/{id}/digests", Operator, ContainerImage, "image_digest.record"),

        new("GET /api/environments/{envId}/services", Viewer, Noun.Environment, "service.list"),
        new("POST /api/environments/{envId}/services", Admin, Noun.Environment, "service.create"),
        new("GET /api/services/{id}", Viewer, Service, "service.read"),
        new("PATCH /api/services/{id}", Admin, Service, "service.update"),
        new("DELETE /api/services/{id}", Admin, Service, "service.delete"),
        new("GET /api/services/{id}/deployments", Viewer, Service, "service_deployment.list"),
        new("POST /api/services/{id}/deployments", Admin, Service, "service_deployment.create"),
        new("GET /api/services/{id}/deployments/{depId}", Viewer, Service, "service_deployment.read"),
        new("PATCH /api/services/{id}/deployments/{depId}", Admin, Service, "service_deployment.update"),
        new("DELETE /api/services/{id}/deployments/{depId}", Admin, Service, "service_deployment.delete"),

        new("POST /api/container-images/{id}/deploy", Operator, ContainerImage, "deployment.accept"),
        new("GET /api/deployment-plans/{id}", Viewer, DeploymentPlan, "deployment.read"),
        new("POST /api/deployment-plans/{id}/rollback", Operator, DeploymentPlan, "deployment.rollback"),
        new("POST /api/deployment-plans/{id}/cancel", Operator, DeploymentPlan, "deployment.cancel"),
        new("POST /api/deployment-plans/{id}/retry", Operator, DeploymentPlan, "deployment.retry"),
        new("GET /api/deployment-plans/{id}/stream", Viewer, DeploymentPlan, "deployment.follow"),
        new("GET /api/environments/{envId}/deployment-plans", Viewer, Noun.Environment, "deployment.list"),
        new("GET /api/container-images/{id}/deployment-plans", Viewer, ContainerImage, "deployment.list"),

        // Who changes a config file or a value decides what is written to the hosts.
        new("GET /api/environments/{envId}/config-files", Viewer, Noun.Environment, "config_file.list"),
        new("POST /api/environments/{envId}/config-files", Admin, Noun.Environment, "config_file.create"),
        new("GET /api/config-files/{id}", Viewer, ConfigFile, "config_file.read"),
        new("PATCH /api/config-files/{id}", Admin, ConfigFile, "config_file.update"),
        new("DELETE /api/config-files/{id}", Admin, ConfigFile, "config_file.delete"),
        new("GET /api/config-files/{id}/history", Viewer, ConfigFile, "config_file.history"),
        new("POST /api/config-files/{id}/restore/{versionId}", Admin, ConfigFile, "config_file.restore"),
        new("GET /api/services/{id}/files", Viewer, Service, "config_attachment.list"),
        new("POST /api/services/{id}/files", Admin, Service, "config_attachment.create"),
        new("PATCH /api/services/{id}/files/{fileId}", Admin, Service, "config_attachment.update"),
        new("DELETE /api/services/{id}/files/{fileId}", Admin, Service, "config_attachment.delete"),
        new("GET /api/environments/{envId}/vars", Viewer, Noun.Environment, "variable.list"),
        new("POST /api/environments/{envId}/vars", Admin, Noun.Environment, "variable.create"),
        new("PATCH /api/vars/{id}", Admin, Variable, "variable.update"),
        new("DELETE /api/vars/{id}", Admin, Variable, "variable.delete"),
        new("GET /api/environments/{envId}/secrets", Viewer, Noun.Environment, "secret.list"),
        new("POST /api/environments/{envId}/secrets", Admin, Noun.Environment, "secret.create"),
        new("PATCH /api/secrets/{id}", Admin, Secret, "secret.update"),
        new("DELETE /api/secrets/{id}", Admin, Secret, "secret.delete"),

        new("POST /api/sync/batch", Operator, InBody, "sync_batch.accept"),
        new("POST /api/config-files/{id}/sync", Operator, ConfigFile, "sync_batch.accept"),
        new("GET /api/sync/batch/{batchId}", Viewer, SyncBatch, "sync_batch.read"),
        new("POST /api/sync/batch/{batchId}/cancel", Operator, SyncBatch, "sync_batch.cancel"),
        new("POST /api/sync/batch/{batchId}/retry", Operator, SyncBatch, "sync_batch.retry"),
        new("GET /api/sync/batch/{batchId}/stream", Viewer, SyncBatch, "sync_batch.follow"),
        new("GET /api/environments/{envId}/sync-batches", Viewer, Noun.Environment, "sync_batch.list"),
        new("GET /api/environments/{envId}/drift", Viewer, Noun.Environment, "drift.read"),
        new("GET /api/services/{id}/drift", Viewer, Service, "drift.read"),

        new("GET /api/environments/{envId}/events", Viewer, Noun.Environment, "event.follow"),
        new("GET /api/events", Viewer, InBody, "event.follow"),

        new("GET /api/admin/accounts", Admin, Global, "account.list"),
        new("POST /api/admin/accounts", Admin, Global, "account.create"),
        new("GET /api/admin/accounts/{id}", Admin, Global, "account.read"),
        new("PATCH /api/admin/accounts/{id}", Admin, Global, "account.update"),
        new("DELETE /api/admin/accounts/{id}", Admin, Global, "account.delete"),
        new("GET /api/admin/tokens", Admin, Global, "token.list"),
        new("POST /api/admin/tokens", Admin, Global, "token.create"),
        new("DELETE /api/admin/tokens/{id}", Admin, Global, "token.revoke"),
        new("GET /api/audit-logs", Admin, Global, "audit_log.read"),
        new("GET /api/environments/{envId}/audit-logs", Admin, Noun.Environment, "audit_log.read"),
        new("GET /api/dead-letters", Operator, Global, "dead-letter.list"),
        new("GET /api/dead-letters/{id}", Operator, Global, "dead-letter.read"),
        new("POST /api/dead-letters/{id}/resend", Operator, Global, "dead-letter.resend"),
        new("DELETE /api/dead-letters/{id}", Operator, Global, "dead-letter.discard"),
    ];

    /// <summary>The commands that other programs may send.</summary>
    public static IReadOnlyList<AccessRow> Commands { get; } =
    [
        new("deploy-container-image", Operator, ContainerImage, "deployment.accept"),
        new("cancel-deployment", Operator, DeploymentPlan, "deployment.cancel"),
        new("rollback-deployment", Operator, DeploymentPlan, "deployment.rollback"),
        new("execute-sync-batch", Operator, InBody, "sync_batch.accept"),
    ];

    /// <summary>The row of a command.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static AccessRow OfCommand(string name) =>
        Commands.FirstOrDefault(row => row.Name == name) ?? throw new InvalidOperationException($"The command «{name}» has no row in the access table.");
}
