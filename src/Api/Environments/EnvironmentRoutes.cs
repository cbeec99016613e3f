using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Domain.Environments;
using DeployHub.Intake;
using DeployHub.Intake.Environments;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Environments;

internal static class EnvironmentRoutes
{
    public static void MapEnvironments(this IEndpointRouteBuilder app)
    {
        var environments = app.MapGroup("/api").WithTags("Environments");
        environments.MapGet("/environments", List)
            .Describe("listEnvironments", "List the environments that the token sees, the oldest first").TakesPage();
        environments.MapPost("/environments", Create)
            .Describe("createEnvironment", "Create an environment").Takes<NewEnvironment>();
        environments.MapGet("/environments/{id:guid}", Get)
            .Describe("getEnvironment", "Get an environment");
        environments.MapPatch("/environments/{id:guid}", Change)
            .Describe("changeEnvironment", "Change an environment", Describing.PatchRule).Takes<EnvironmentChange>();
        environments.MapDelete("/environments/{id:guid}", Delete)
            .Describe("deleteEnvironment", "Delete an environment that nothing uses");
    }

    private static async Task<Results<Ok<EnvironmentList>, Refused>> List(HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        var page = await Seen(db, http.Caller()).Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new EnvironmentList(page.Rows.ConvertAll(EnvironmentView.Of), page.NextCursor));
    }

    private static IQueryable<DeploymentEnvironment> Seen(DeployHubDb db, Caller caller)
    {
        var environments = db.Environments.AsNoTracking();
        return caller.Environments?.ToList() is { } seen ? environments.Where(x => seen.Contains(x.Id)) : environments;
    }

    private static async Task<Results<Created<EnvironmentAnswer>, Refused>> Create(HttpContext http, EnvironmentIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewEnvironment>(http).Then(request => intake.Create(request, http.Caller(), ct));
        return made.IsRefused(out var refusal, out var environment)
            ? refusal.Answer()
            : TypedResults.Created($"/api/environments/{environment.Id}", new EnvironmentAnswer(EnvironmentView.Of(environment)));
    }

    private static async Task<Results<Ok<EnvironmentAnswer>, Refused>> Get(Guid id, DeployHubDb db, CancellationToken ct) =>
        await db.Environments.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, ct) is { } environment
            ? TypedResults.Ok(new EnvironmentAnswer(EnvironmentView.Of(environment)))
            : Refusal.NotFound("environment", id).Answer();

    private static async Task<Results<Ok<EnvironmentAnswer>, Refused>> Change(Guid id, HttpContext http, EnvironmentIntake intake, CancellationToken ct)
    {
        var changed = await Body.ReadPatch<EnvironmentChange, EnvironmentView>(http).Then(patch => intake.Change(id, patch, http.Caller(), ct));
        return changed.IsRefused(out var refusal, out var environment) ? refusal.Answer() : TypedResults.Ok(new EnvironmentAnswer(EnvironmentView.Of(environment)));
    }

    private static async Task<Results<NoContent, Refused>> Delete(Guid id, HttpContext http, EnvironmentIntake intake, CancellationToken ct) =>
        await intake.Delete(id, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
