using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.Values;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Values;

internal static class VariableRoutes
{
    private const bool IsSecret = false;

    public static void MapVariables(this IEndpointRouteBuilder app)
    {
        var values = app.MapGroup("/api").WithTags("Values");
        values.MapGet("/environments/{envId:guid}/vars", List)
            .Describe("listVariables", "List the variables of an environment, the oldest first").TakesPage();
        values.MapPost("/environments/{envId:guid}/vars", Create)
            .Describe("createVariable", "Create a variable").Takes<NewValue>();
        values.MapPatch("/vars/{id:guid}", Change)
            .Describe("changeVariable", "Change a variable", "Files that name it hold the new value once they are synced.").Takes<ValueChange>();
        values.MapDelete("/vars/{id:guid}", Delete)
            .Describe("deleteVariable", "Delete a variable", "Files that name it can no longer be synced.");
    }

    private static async Task<Results<Ok<VariableList>, Refused>> List(Guid envId, HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        if (!await db.Environments.AnyAsync(x => x.Id == envId, ct))
        {
            return Refusal.NotFound("environment", envId).Answer();
        }

        var page = await db.EnvironmentValues.AsNoTracking().Where(x => x.EnvironmentId == envId && x.IsSecret == IsSecret)
            .Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new VariableList(page.Rows.ConvertAll(VariableView.Of), page.NextCursor));
    }

    private static async Task<Results<Created<VariableAnswer>, Refused>> Create(Guid envId, HttpContext http, ValueIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewValue>(http).Then(request => intake.Create(envId, request, IsSecret, http.Caller(), ct));
        return made.IsRefused(out var refusal, out var value)
            ? refusal.Answer()
            : TypedResults.Created($"/api/vars/{value.Id}", new VariableAnswer(VariableView.Of(value)));
    }

    private static async Task<Results<Ok<VariableAnswer>, Refused>> Change(Guid id, HttpContext http, ValueIntake intake, CancellationToken ct)
    {
        var changed = await Body.ReadPatch<ValueChange, VariableView>(http).Then(patch => intake.Change(id, patch, IsSecret, http.Caller(), ct));
        return changed.IsRefused(out var refusal, out var value) ? refusal.Answer() : TypedResults.Ok(new VariableAnswer(VariableView.Of(value)));
    }

    private static async Task<Results<NoContent, Refused>> Delete(Guid id, HttpContext http, ValueIntake intake, CancellationToken ct) =>
        await intake.Delete(id, IsSecret, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
