using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.Images;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Images;

internal static class ImageDigestRoutes
{
    public static void MapImageDigests(this IEndpointRouteBuilder app)
    {
        var digests = app.MapGroup("/api/container-images/{id:guid}/digests").WithTags("Container images");
        digests.MapGet("", List)
            .Describe("listImageDigests", "List the recorded digests of a container image, the newest first").TakesPage();
        digests.MapPost("", Record)
            .Describe("recordImageDigest", "Record a digest, by itself or by the tag that leads to it", "200 when it was recorded before, 201 when it is new.")
            .Takes<NewImageDigest>();
    }

    private static async Task<Results<Ok<ImageDigestList>, Refused>> List(Guid id, HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        if (!await db.ContainerImages.AnyAsync(x => x.Id == id, ct))
        {
            return Refusal.NotFound("container image", id).Answer();
        }

        var page = await db.ImageDigests.AsNoTracking().Where(x => x.ContainerImageId == id)
            .Page(x => x.CreatedAt, x => x.Id, request, newestFirst: true, ct);
        return TypedResults.Ok(new ImageDigestList(page.Rows.ConvertAll(ImageDigestView.Of), page.NextCursor));
    }

    private static async Task<Results<Ok<ImageDigestAnswer>, Created<ImageDigestAnswer>, Refused>> Record(
        Guid id, HttpContext http, DeployHubDb db, TagResolution tags, RecordDigest recording, CancellationToken ct)
    {
        if ((await Body.Read<NewImageDigest>(http)).IsRefused(out var refusal, out var request) || (refusal = request.Check()) is not null)
        {
            return refusal.Answer();
        }

        // Asked before a worker is, so that an unknown image does not wait for one.
        if (!await db.ContainerImages.AnyAsync(x => x.Id == id, ct))
        {
            return Refusal.NotFound("container image", id).Answer();
        }

        if ((await recording.Record(id, request, tag => tags.Resolve(id, tag, ct), http.Caller(), ct)).IsRefused(out refusal, out var recorded))
        {
            return refusal.Answer();
        }

        var answer = new ImageDigestAnswer(ImageDigestView.Of(recorded.Digest));
        return recorded.IsNew ? TypedResults.Created($"/api/container-images/{id}/digests", answer) : TypedResults.Ok(answer);
    }
}
