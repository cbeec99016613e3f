using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.Values;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Values;

internal static class SecretRoutes
{
    private const bool IsSecret = true;

    public static void MapSecrets(this IEndpointRouteBuilder app)
    {
        var values = app.MapGroup("/api").WithTags("Values");
        values.MapGet("/environments/{envId:guid}/secrets", List)
            .Describe("listSecrets", "List the secrets of an environment, the oldest first", "Their values are never shown.").TakesPage();
        values.MapPost("/environments/{envId:guid}/secrets", Create)
            .Describe("createSecret", "Create a secret", "Its value is stored encrypted and never shown again.").Takes<NewValue>();
        values.MapPatch("/secrets/{id:guid}", Change)
            .Describe("changeSecret", "Change a secret", "Files that name it hold the new value once they are synced.").Takes<ValueChange>();
        values.MapDelete("/secrets/{id:guid}", Delete)
            .Describe("deleteSecret", "Delete a secret", "Files that name it can no longer be synced.");
    }

    private static async Task<Results<Ok<SecretList>, Refused>> List(Guid envId, HttpContext http, DeployHubDb db, CancellationToken ct)
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
        return TypedResults.Ok(new SecretList(page.Rows.ConvertAll(SecretView.Of), page.NextCursor));
    }

    private static async Task<Results<Created<SecretAnswer>, Refused>> Create(Guid envId, HttpContext http, ValueIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewValue>(http).Then(request => intake.Create(envId, request, IsSecret, http.Caller(), ct));
        return made.IsRefused(out var refusal, out var value)
            ? refusal.Answer()
            : TypedResults.Created($"/api/secrets/{value.Id}", new SecretAnswer(SecretView.Of(value)));
    }

    private static async Task<Results<Ok<SecretAnswer>, Refused>> Change(Guid id, HttpContext http, ValueIntake intake, CancellationToken ct)
    {
        var changed = await Body.ReadPatch<ValueChange, SecretView>(http).Then(patch => intake.Change(id, patch, IsSecret, http.Caller(), ct));
        return changed.IsRefused(out var refusal, out var value) ? refusal.Answer() : TypedResults.Ok(new SecretAnswer(SecretView.Of(value)));
    }

    private static async Task<Results<NoContent, Refused>> Delete(Guid id, HttpContext http, ValueIntake intake, CancellationToken ct) =>
        await intake.Delete(id, IsSecret, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
