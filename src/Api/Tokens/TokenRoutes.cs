using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.Tokens;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Tokens;

internal static class TokenRoutes
{
    public static void MapTokens(this IEndpointRouteBuilder app)
    {
        var admin = app.MapGroup("/api").WithTags("Administration");
        admin.MapGet("/admin/tokens", List)
            .Describe("listTokens", "List the tokens, revoked ones too, the oldest first").TakesPage();
        admin.MapPost("/admin/tokens", Create)
            .Describe("createToken", "Create a token", "Its text is in this answer only.").Takes<NewToken>();
        admin.MapDelete("/admin/tokens/{id:guid}", Revoke)
            .Describe("revokeToken", "Revoke a token", "From the next request on it is refused.");
    }

    private static async Task<Results<Ok<TokenList>, Refused>> List(HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        var page = await db.ApiTokens.AsNoTracking().Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new TokenList(page.Rows.ConvertAll(TokenView.Of), page.NextCursor));
    }

    private static async Task<Results<Created<NewTokenAnswer>, Refused>> Create(HttpContext http, TokenIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewToken>(http).Then(request => intake.Create(request, http.Caller(), ct));
        if (made.IsRefused(out var refusal, out var token))
        {
            return refusal.Answer();
        }

        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/api/admin/tokens/{token.Token.Id}", new NewTokenAnswer(TokenView.Of(token.Token), token.Text));
    }

    private static async Task<Results<NoContent, Refused>> Revoke(Guid id, HttpContext http, TokenIntake intake, CancellationToken ct) =>
        await intake.Revoke(id, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
