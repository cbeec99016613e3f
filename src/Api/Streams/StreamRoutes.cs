using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using DeployHub.Intake;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Streams;

internal static class StreamRoutes
{
    private const string Rules =
        " Server-Sent Events. Last-Event-ID resumes behind that event, on any Api process. A stream whose place is not kept any more begins with «reset»; one that ends early says why with «end».";

    private const string OfItsOwn =
        " Events: «plan» (its status changed), «step» (a step's status or phase changed), «log» (how a pull gets on, and the first lines of a new container), then «done» with all of it, and the stream ends. 204 when Last-Event-ID was that of «done».";

    public static void MapStreams(this IEndpointRouteBuilder app)
    {
        var streams = app.MapGroup("/api").WithTags("Streams");
        streams.MapGet("/deployment-plans/{id:guid}/stream", OfPlan)
            .Describe("streamDeploymentPlan", "Follow a deployment plan until it has ended", "The data is as in getDeploymentPlan." + OfItsOwn + Rules).IsStream(canBeOver: true);
        streams.MapGet("/sync/batch/{batchId:guid}/stream", OfBatch)
            .Describe("streamSyncBatch", "Follow a sync batch until it has ended", "The data is as in getSyncBatch; a «step» is a target." + OfItsOwn + Rules).IsStream(canBeOver: true);
        streams.MapGet("/environments/{envId:guid}/events", OfEnvironment)
            .Describe("streamEnvironmentEvents", "Follow the public events of an environment", "Without Last-Event-ID it begins with what happens next, with 0 at the oldest event that is kept." + Rules)
            .IsStream(canBeOver: false);
        streams.MapGet("/events", Events)
            .Describe("streamEvents", "Follow the public events of an environment", "The same as /api/environments/{envId}/events." + Rules)
            .WithMetadata(DescribedParameter.Id("environmentId", "The environment."), new NamesById()).IsStream(canBeOver: false);
    }

    private static async Task<IResult> OfPlan(Guid id, HttpContext http, DeployHubDb db, StreamOpening opening, CancellationToken ct) =>
        await db.Plans.Where(x => x.Id == id).Select(x => new { x.EnvironmentId, x.Status }).FirstOrDefaultAsync(ct) is { } plan
            ? await opening.Open(http, id, StreamSubject.Plan, plan.EnvironmentId, plan.Status.HasEnded(), ct)
            : Refusal.NotFound("deployment plan", id).Answer();

    private static async Task<IResult> OfBatch(Guid batchId, HttpContext http, DeployHubDb db, StreamOpening opening, CancellationToken ct) =>
        await db.SyncBatches.Where(x => x.Id == batchId).Select(x => new { x.EnvironmentId, x.Status }).FirstOrDefaultAsync(ct) is { } batch
            ? await opening.Open(http, batchId, StreamSubject.Batch, batch.EnvironmentId, batch.Status.HasEnded(), ct)
            : Refusal.NotFound("sync batch", batchId).Answer();

    private static async Task<IResult> OfEnvironment(Guid envId, HttpContext http, DeployHubDb db, StreamOpening opening, CancellationToken ct) =>
        http.Caller().Sees(envId) && await db.Environments.AnyAsync(x => x.Id == envId, ct)
            ? await opening.Open(http, envId, StreamSubject.Environment, envId, hasEnded: false, ct)
            : Refusal.NotFound("environment", envId).Answer();

    private static Task<IResult> Events(HttpContext http, DeployHubDb db, StreamOpening opening, CancellationToken ct) =>
        http.Request.Query["environmentId"] is [{ } text] && Guid.TryParse(text, out var id)
            ? OfEnvironment(id, http, db, opening, ct)
            : Task.FromResult<IResult>(Refusal.Invalid("environmentId", "must be the id of an environment, once.", "GET /api/environments lists them.").Answer());
}
