using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.Servers;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Servers;

internal static class ServerRoutes
{
    public static void MapServers(this IEndpointRouteBuilder app)
    {
        var servers = app.MapGroup("/api").WithTags("Servers");
        servers.MapGet("/environments/{envId:guid}/servers", List)
            .Describe("listServers", "List the servers of an environment, the oldest first").TakesPage();
        servers.MapPost("/environments/{envId:guid}/servers", Create)
            .Describe("createServer", "Create a server").Takes<NewServer>();
        servers.MapGet("/servers/{id:guid}", Get)
            .Describe("getServer", "Get a server");
        servers.MapPatch("/servers/{id:guid}", Change)
            .Describe("changeServer", "Change a server", Describing.PatchRule).Takes<ServerChange>();
        servers.MapDelete("/servers/{id:guid}", Delete)
            .Describe("deleteServer", "Delete a server that nothing uses");
    }

    private static async Task<Results<Ok<ServerList>, Refused>> List(Guid envId, HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        if (!await db.Environments.AnyAsync(x => x.Id == envId, ct))
        {
            return Refusal.NotFound("environment", envId).Answer();
        }

        var page = await db.Servers.AsNoTracking().Where(x => x.EnvironmentId == envId).Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new ServerList(page.Rows.ConvertAll(ServerView.Of), page.NextCursor));
    }

    private static async Task<Results<Created<ServerAnswer>, Refused>> Create(Guid envId, HttpContext http, ServerIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewServer>(http).Then(request => intake.Create(envId, request, http.Caller(), ct));
        return made.IsRefused(out var refusal, out var server)
            ? refusal.Answer()
            : TypedResults.Created($"/api/servers/{server.Id}", new ServerAnswer(ServerView.Of(server)));
    }

    private static async Task<Results<Ok<ServerAnswer>, Refused>> Get(Guid id, DeployHubDb db, CancellationToken ct) =>
        await db.Servers.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, ct) is { } server
            ? TypedResults.Ok(new ServerAnswer(ServerView.Of(server)))
            : Refusal.NotFound("server", id).Answer();

    private static async Task<Results<Ok<ServerAnswer>, Refused>> Change(Guid id, HttpContext http, ServerIntake intake, CancellationToken ct)
    {
        var changed = await Body.ReadPatch<ServerChange, ServerView>(http).Then(patch => intake.Change(id, patch, http.Caller(), ct));
        return changed.IsRefused(out var refusal, out var server) ? refusal.Answer() : TypedResults.Ok(new ServerAnswer(ServerView.Of(server)));
    }

    private static async Task<Results<NoContent, Refused>> Delete(Guid id, HttpContext http, ServerIntake intake, CancellationToken ct) =>
        await intake.Delete(id, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
