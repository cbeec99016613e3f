using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.Registries;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Registries;

internal static class RegistryRoutes
{
    public static void MapRegistries(this IEndpointRouteBuilder app)
    {
        var registries = app.MapGroup("/api").WithTags("Registries");
        registries.MapGet("/environments/{envId:guid}/registries", List)
            .Describe("listRegistries", "List the registries of an environment, the oldest first").TakesPage();
        registries.MapPost("/environments/{envId:guid}/registries", Create)
            .Describe("createRegistry", "Create a registry").Takes<NewRegistry>();
        registries.MapGet("/registries/{id:guid}", Get)
            .Describe("getRegistry", "Get a registry");
        registries.MapPatch("/registries/{id:guid}", Change)
            .Describe("changeRegistry", "Change a registry", Describing.PatchRule).Takes<RegistryChange>();
        registries.MapDelete("/registries/{id:guid}", Delete)
            .Describe("deleteRegistry", "Delete a registry that nothing uses");
    }

    private static async Task<Results<Ok<RegistryList>, Refused>> List(Guid envId, HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        if (!await db.Environments.AnyAsync(x => x.Id == envId, ct))
        {
            return Refusal.NotFound("environment", envId).Answer();
        }

        var page = await db.Registries.AsNoTracking().Where(x => x.EnvironmentId == envId).Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new RegistryList(page.Rows.ConvertAll(RegistryView.Of), page.NextCursor));
    }

    private static async Task<Results<Created<RegistryAnswer>, Refused>> Create(Guid envId, HttpContext http, RegistryIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewRegistry>(http).Then(request => intake.Create(envId, request, http.Caller(), ct));
        return made.IsRefused(out var refusal, out var registry)
            ? refusal.Answer()
            : TypedResults.Created($"/api/registries/{registry.Id}", new RegistryAnswer(RegistryView.Of(registry)));
    }

    private static async Task<Results<Ok<RegistryAnswer>, Refused>> Get(Guid id, DeployHubDb db, CancellationToken ct) =>
        await db.Registries.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, ct) is { } registry
            ? TypedResults.Ok(new RegistryAnswer(RegistryView.Of(registry)))
            : Refusal.NotFound("registry", id).Answer();

    private static async Task<Results<Ok<RegistryAnswer>, Refused>> Change(Guid id, HttpContext http, RegistryIntake intake, CancellationToken ct)
    {
        var changed = await Body.ReadPatch<RegistryChange, RegistryView>(http).Then(patch => intake.Change(id, patch, http.Caller(), ct));
        return changed.IsRefused(out var refusal, out var registry) ? refusal.Answer() : TypedResults.Ok(new RegistryAnswer(RegistryView.Of(registry)));
    }

    private static async Task<Results<NoContent, Refused>> Delete(Guid id, HttpContext http, RegistryIntake intake, CancellationToken ct) =>
        await intake.Delete(id, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
