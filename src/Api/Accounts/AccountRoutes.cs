using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.Accounts;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Accounts;

internal static class AccountRoutes
{
    public static void MapAccounts(this IEndpointRouteBuilder app)
    {
        var accounts = app.MapGroup("/api/admin/accounts").WithTags("Administration");
        accounts.MapGet("", List)
            .Describe("listAccounts", "List the accounts, the oldest first").TakesPage();
        accounts.MapPost("", Create)
            .Describe("createAccount", "Create an account", "It may do nothing yet: make tokens for it, or give it a user of the broker.").Takes<NewAccount>();
        accounts.MapGet("/{id:guid}", Get)
            .Describe("getAccount", "Get an account");
        accounts.MapPatch("/{id:guid}", Change)
            .Describe("changeAccount", "Change, disable or enable an account", Describing.PatchRule + " It counts from the next request of each of its tokens on.")
            .Takes<AccountChange>();
        accounts.MapDelete("/{id:guid}", Delete)
            .Describe("deleteAccount", "Delete an account without valid tokens", "Its revoked and expired tokens go with it. What it did stays in the audit log.");
    }

    private static async Task<Results<Ok<AccountList>, Refused>> List(HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        var page = await db.Accounts.AsNoTracking().Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new AccountList(page.Rows.ConvertAll(AccountView.Of), page.NextCursor));
    }

    private static async Task<Results<Created<AccountAnswer>, Refused>> Create(HttpContext http, AccountIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewAccount>(http).Then(request => intake.Create(request, http.Caller(), ct));
        return made.IsRefused(out var refusal, out var account)
            ? refusal.Answer()
            : TypedResults.Created($"/api/admin/accounts/{account.Id}", new AccountAnswer(AccountView.Of(account)));
    }

    private static async Task<Results<Ok<AccountAnswer>, Refused>> Get(Guid id, DeployHubDb db, CancellationToken ct) =>
        await db.Accounts.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, ct) is { } account
            ? TypedResults.Ok(new AccountAnswer(AccountView.Of(account)))
            : Refusal.NotFound("account", id).Answer();

    private static async Task<Results<Ok<AccountAnswer>, Refused>> Change(Guid id, HttpContext http, AccountIntake intake, CancellationToken ct)
    {
        var changed = await Body.ReadPatch<AccountChange, AccountView>(http).Then(patch => intake.Change(id, patch, http.Caller(), ct));
        return changed.IsRefused(out var refusal, out var account) ? refusal.Answer() : TypedResults.Ok(new AccountAnswer(AccountView.Of(account)));
    }

    private static async Task<Results<NoContent, Refused>> Delete(Guid id, HttpContext http, AccountIntake intake, CancellationToken ct) =>
        await intake.Delete(id, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
