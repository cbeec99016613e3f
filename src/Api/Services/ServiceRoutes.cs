using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.Services;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Services;

internal static class ServiceRoutes
{
    public static void MapServices(this IEndpointRouteBuilder app)
    {
        var services = app.MapGroup("/api").WithTags("Services");
        services.MapGet("/environments/{envId:guid}/services", List)
            .Describe("listServices", "List the services of an environment, the oldest first").TakesPage();
        services.MapPost("/environments/{envId:guid}/services", Create)
            .Describe("createService", "Create a service").Takes<NewService>();
        services.MapGet("/services/{id:guid}", Get)
            .Describe("getService", "Get a service");
        services.MapPatch("/services/{id:guid}", Change)
            .Describe("changeService", "Change a service", Describing.PatchRule).Takes<ServiceChange>();
        services.MapDelete("/services/{id:guid}", Delete)
            .Describe("deleteService", "Delete a service that nothing uses");
    }

    private static async Task<Results<Ok<ServiceList>, Refused>> List(Guid envId, HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        if (!await db.Environments.AnyAsync(x => x.Id == envId, ct))
        {
            return Refusal.NotFound("environment", envId).Answer();
        }

        var page = await db.Services.AsNoTracking().Where(x => x.EnvironmentId == envId).Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new ServiceList(page.Rows.ConvertAll(ServiceView.Of), page.NextCursor));
    }

    private static async Task<Results<Created<ServiceAnswer>, Refused>> Create(Guid envId, HttpContext http, ServiceIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewService>(http).Then(request => intake.Create(envId, request, http.Caller(), ct));
        return made.IsRefused(out var refusal, out var service)
            ? refusal.Answer()
            : TypedResults.Created($"/api/services/{service.Id}", new ServiceAnswer(ServiceView.Of(service)));
    }

    private static async Task<Results<Ok<ServiceAnswer>, Refused>> Get(Guid id, DeployHubDb db, CancellationToken ct) =>
        await db.Services.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, ct) is { } service
            ? TypedResults.Ok(new ServiceAnswer(ServiceView.Of(service)))
            : Refusal.NotFound("service", id).Answer();

    private static async Task<Results<Ok<ServiceAnswer>, Refused>> Change(Guid id, HttpContext http, ServiceIntake intake, CancellationToken ct)
    {
        var changed = await Body.ReadPatch<ServiceChange, ServiceView>(http).Then(patch => intake.Change(id, patch, http.Caller(), ct));
        return changed.IsRefused(out var refusal, out var service) ? refusal.Answer() : TypedResults.Ok(new ServiceAnswer(ServiceView.Of(service)));
    }

    private static async Task<Results<NoContent, Refused>> Delete(Guid id, HttpContext http, ServiceIntake intake, CancellationToken ct) =>
        await intake.Delete(id, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
