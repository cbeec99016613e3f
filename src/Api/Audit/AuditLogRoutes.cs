using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Audit;

internal static class AuditLogRoutes
{
    public static void MapAuditLog(this IEndpointRouteBuilder app)
    {
        var log = app.MapGroup("/api").WithTags("Administration");
        log.MapGet("/audit-logs", ListAll)
            .Describe("listAuditLogs", "List who changed what, and who tried and was refused, the newest first").TakesPage(AuditFilter.Parameters);
        log.MapGet("/environments/{envId:guid}/audit-logs", ListOfEnvironment)
            .Describe("listEnvironmentAuditLogs", "The same for what lies in one environment").TakesPage(AuditFilter.ParametersOfEnvironment);
    }

    private static async Task<Results<Ok<AuditLogList>, Refused>> ListAll(HttpContext http, DeployHubDb db, CancellationToken ct) => await List(http, db, null, ct);

    private static async Task<Results<Ok<AuditLogList>, Refused>> ListOfEnvironment(Guid envId, HttpContext http, DeployHubDb db, CancellationToken ct) =>
        await db.Environments.AnyAsync(x => x.Id == envId, ct) ? await List(http, db, envId, ct) : Refusal.NotFound("environment", envId).Answer();

    private static async Task<Results<Ok<AuditLogList>, Refused>> List(HttpContext http, DeployHubDb db, Guid? environmentId, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request) || AuditFilter.Read(http, environmentId).IsRefused(out refusal, out var filter))
        {
            return refusal.Answer();
        }

        var page = await filter.Apply(db.AuditEntries.AsNoTracking()).Page(x => x.At, x => x.Id, request, newestFirst: true, ct);
        return TypedResults.Ok(new AuditLogList(page.Rows.ConvertAll(AuditLogView.Of), page.NextCursor));
    }
}
