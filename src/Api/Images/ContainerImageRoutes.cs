using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Intake.Images;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Images;

internal static class ContainerImageRoutes
{
    public static void MapContainerImages(this IEndpointRouteBuilder app)
    {
        var images = app.MapGroup("/api").WithTags("Container images");
        images.MapGet("/environments/{envId:guid}/container-images", List)
            .Describe("listContainerImages", "List the container images of an environment, the oldest first").TakesPage();
        images.MapPost("/environments/{envId:guid}/container-images", Create)
            .Describe("createContainerImage", "Create a container image").Takes<NewContainerImage>();
        images.MapGet("/container-images/{id:guid}", Get)
            .Describe("getContainerImage", "Get a container image");
        images.MapPatch("/container-images/{id:guid}", Change)
            .Describe("changeContainerImage", "Change a container image", Describing.PatchRule).Takes<ContainerImageChange>();
        images.MapDelete("/container-images/{id:guid}", Delete)
            .Describe("deleteContainerImage", "Delete a container image that nothing uses");
    }

    private static async Task<Results<Ok<ContainerImageList>, Refused>> List(Guid envId, HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        if (!await db.Environments.AnyAsync(x => x.Id == envId, ct))
        {
            return Refusal.NotFound("environment", envId).Answer();
        }

        var page = await db.ContainerImages.AsNoTracking().Where(x => x.EnvironmentId == envId).Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new ContainerImageList(page.Rows.ConvertAll(ContainerImageView.Of), page.NextCursor));
    }

    private static async Task<Results<Created<ContainerImageAnswer>, Refused>> Create(Guid envId, HttpContext http, ContainerImageIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewContainerImage>(http).Then(request => intake.Create(envId, request, http.Caller(), ct));
        return made.IsRefused(out var refusal, out var image)
            ? refusal.Answer()
            : TypedResults.Created($"/api/container-images/{image.Id}", new ContainerImageAnswer(ContainerImageView.Of(image)));
    }

    private static async Task<Results<Ok<ContainerImageAnswer>, Refused>> Get(Guid id, DeployHubDb db, CancellationToken ct) =>
        await db.ContainerImages.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, ct) is { } image
            ? TypedResults.Ok(new ContainerImageAnswer(ContainerImageView.Of(image)))
            : Refusal.NotFound("container image", id).Answer();

    private static async Task<Results<Ok<ContainerImageAnswer>, Refused>> Change(Guid id, HttpContext http, ContainerImageIntake intake, CancellationToken ct)
    {
        var changed = await Body.ReadPatch<ContainerImageChange, ContainerImageView>(http).Then(patch => intake.Change(id, patch, http.Caller(), ct));
        return changed.IsRefused(out var refusal, out var image) ? refusal.Answer() : TypedResults.Ok(new ContainerImageAnswer(ContainerImageView.Of(image)));
    }

    private static async Task<Results<NoContent, Refused>> Delete(Guid id, HttpContext http, ContainerImageIntake intake, CancellationToken ct) =>
        await intake.Delete(id, http.Caller(), ct) is { } refusal ? refusal.Answer() : TypedResults.NoContent();
}
