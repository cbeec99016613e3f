using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.ConfigFiles;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.ConfigFiles;

internal static class AttachmentRoutes
{
    public static void MapAttachments(this IEndpointRouteBuilder app)
    {
        var files = app.MapGroup("/api/services/{id:guid}/files").WithTags("Config files");
        files.MapGet("", List)
            .Describe("listServiceFiles", "List the config files that are attached to a service, the oldest first").TakesPage();
        files.MapPost("", Create)
            .Describe("attachConfigFile", "Attach a config file to a service, or to one of its deployments", "No host is touched; a sync brings the file there.")
            .Takes<NewAttachment>();
        files.MapPatch("/{fileId:guid}", Change)
            .Describe("changeServiceFile", "Change where and how an attached file is written", Describing.PatchRule).Takes<AttachmentChange>();
        files.MapDelete("/{fileId:guid}", Delete)
            .Describe("detachConfigFile", "Detach a config file", "Hosts keep what was written to them.");
    }

    private static async Task<Results<Ok<AttachmentList>, Refused>> List(Guid id, HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        if (!await db.Services.AnyAsync(x => x.Id == id, ct))
        {
            return Refusal.NotFound("service", id).Answer();
        }

        var page = await db.ConfigAttachments.AsNoTracking().Where(x => x.ServiceId == id).Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new AttachmentList(page.Rows.ConvertAll(AttachmentView.Of), page.NextCursor));
    }

    private static async Task<Results<Created<AttachmentAnswer>, Refused>> Create(Guid id, HttpContext http, AttachmentIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewAttachment>(http).Then(request => intake.Create(id, request, http.Caller(), ct));
        return made.IsRefused(out var refusal, out var attachment)
            ? refusal.Answer()
            : TypedResults.Created($"/api/services/{id}/files/{attachment.Id}", new AttachmentAnswer(AttachmentView.Of(attachment)));
    }

    private static async Task<Results<Ok<AttachmentAnswer>, Refused>> Change(
        Guid id, Guid fileId, HttpContext http, AttachmentIntake intake, CancellationToken ct)
    {
        var changed = await Body.ReadPatch<AttachmentChange, AttachmentView>(http).Then(patch => intake.Change(id, fileId, patch, http.Caller(), ct));
        return changed.IsRefused(out var refusal, out var attachment) ? refusal.Answer() : TypedResults.Ok(new AttachmentAnswer(AttachmentView.Of(attachment)));
    }

    private static async Task<Results<NoContent, Refused>> Delete(Guid id, Guid fileId, HttpContext http, AttachmentIntake intake, CancellationToken ct) =>
        await intake.Delete(id, fileId, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
