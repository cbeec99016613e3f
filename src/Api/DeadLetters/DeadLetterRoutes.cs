using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.DeadLetters;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.DeadLetters;

internal static class DeadLetterRoutes
{
    public static void MapDeadLetters(this IEndpointRouteBuilder app)
    {
        var letters = app.MapGroup("/api/dead-letters").WithTags("Administration");
        letters.MapGet("", List)
            .Describe("listDeadLetters", "List the messages that could not be handled or sent, the newest first").TakesPage();
        letters.MapGet("/{id:guid}", Get)
            .Describe("getDeadLetter", "Read a message that could not be handled");
        letters.MapPost("/{id:guid}/resend", Resend)
            .Describe("resendDeadLetter", "Send it again", "Under its own message id, so that what was handled after all is not handled twice. When it fails once more it comes back as another dead letter.");
        letters.MapDelete("/{id:guid}", Discard)
            .Describe("discardDeadLetter", "Forget it");
    }

    private static async Task<Results<Ok<DeadLetterList>, Refused>> List(HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        // The body may be long, and the list does not show it.
        var page = await db.DeadLetters.AsNoTracking()
            .Select(x => new DeadLetter
            {
                Id = x.Id, Queue = x.Queue, MessageId = x.MessageId, CorrelationId = x.CorrelationId, MessageType = x.MessageType, Reason = x.Reason, FailedAt = x.FailedAt,
            })
            .Page(x => x.FailedAt, x => x.Id, request, newestFirst: true, ct);
        return TypedResults.Ok(new DeadLetterList(page.Rows.ConvertAll(DeadLetterView.Of), page.NextCursor));
    }

    private static async Task<Results<Ok<DeadLetterAnswer>, Refused>> Get(Guid id, DeployHubDb db, CancellationToken ct) =>
        await db.DeadLetters.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, ct) is { } letter
            ? TypedResults.Ok(new DeadLetterAnswer(DeadLetterView.Of(letter), letter.Body))
            : Refusal.NotFound("dead letter", id).Answer();

    private static async Task<Results<Accepted<ResentAnswer>, Refused>> Resend(Guid id, HttpContext http, DeadLetterIntake intake, CancellationToken ct) =>
        (await intake.Resend(id, http.Caller(), ct)).IsRefused(out var refusal, out var letter) ? refusal.Answer() : TypedResults.Accepted((string?)null, new ResentAnswer(letter));

    private static async Task<Results<NoContent, Refused>> Discard(Guid id, HttpContext http, DeadLetterIntake intake, CancellationToken ct) =>
        await intake.Discard(id, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
