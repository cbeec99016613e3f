using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.Services;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Services;

internal static class ServiceDeploymentRoutes
{
    public static void MapServiceDeployments(this IEndpointRouteBuilder app)
    {
        var deployments = app.MapGroup("/api/services/{id:guid}/deployments").WithTags("Services");
        deployments.MapGet("", List)
            .Describe("listServiceDeployments", "List the servers that a service is on, the oldest first").TakesPage();
        deployments.MapPost("", Create)
            .Describe("createServiceDeployment", "Put a service on a server", "No container is touched; the next deploy makes it.").Takes<NewServiceDeployment>();
        deployments.MapGet("/{depId:guid}", Get)
            .Describe("getServiceDeployment", "Get what a service runs on one server");
        deployments.MapPatch("/{depId:guid}", Change)
            .Describe("changeServiceDeployment", "Change the container's name before it is deployed", Describing.PatchRule).Takes<ServiceDeploymentChange>();
        deployments.MapDelete("/{depId:guid}", Delete)
            .Describe("deleteServiceDeployment", "Take a service off a server", "The container stays as it is, and is no longer looked after.");
    }

    private static async Task<Results<Ok<ServiceDeploymentList>, Refused>> List(Guid id, HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        if (!await db.Services.AnyAsync(x => x.Id == id, ct))
        {
            return Refusal.NotFound("service", id).Answer();
        }

        var page = await db.ServiceDeployments.AsNoTracking().Where(x => x.ServiceId == id)
            .Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new ServiceDeploymentList(page.Rows.ConvertAll(ServiceDeploymentView.Of), page.NextCursor));
    }

    private static async Task<Results<Created<ServiceDeploymentAnswer>, Refused>> Create(
        Guid id, HttpContext http, ServiceDeploymentIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewServiceDeployment>(http).Then(request => intake.Create(id, request, http.Caller(), ct));
        return made.IsRefused(out var refusal, out var deployment)
            ? refusal.Answer()
            : TypedResults.Created($"/api/services/{id}/deployments/{deployment.Id}", new ServiceDeploymentAnswer(ServiceDeploymentView.Of(deployment)));
    }

    private static async Task<Results<Ok<ServiceDeploymentAnswer>, Refused>> Get(Guid id, Guid depId, DeployHubDb db, CancellationToken ct) =>
        await db.ServiceDeployments.AsNoTracking().FirstOrDefaultAsync(x => x.Id == depId && x.ServiceId == id, ct) is { } deployment
            ? TypedResults.Ok(new ServiceDeploymentAnswer(ServiceDeploymentView.Of(deployment)))
            : Refusal.NotFound("deployment of this service", depId).Answer();

    private static async Task<Results<Ok<ServiceDeploymentAnswer>, Refused>> Change(
        Guid id, Guid depId, HttpContext http, ServiceDeploymentIntake intake, CancellationToken ct)
    {
        var changed = await Body.ReadPatch<ServiceDeploymentChange, ServiceDeploymentView>(http)
            .Then(patch => intake.Change(id, depId, patch, http.Caller(), ct));
        return changed.IsRefused(out var refusal, out var deployment)
            ? refusal.Answer()
            : TypedResults.Ok(new ServiceDeploymentAnswer(ServiceDeploymentView.Of(deployment)));
    }

    private static async Task<Results<NoContent, Refused>> Delete(
        Guid id, Guid depId, HttpContext http, ServiceDeploymentIntake intake, CancellationToken ct) =>
        await intake.Delete(id, depId, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
