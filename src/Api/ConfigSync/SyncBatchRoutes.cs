using DeployHub.Api.Access;
using DeployHub.Api.Deployments;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Api.Streams;
using DeployHub.Domain.ConfigSync;
using DeployHub.Intake;
using DeployHub.Intake.ConfigSync;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.ConfigSync;

internal static class SyncBatchRoutes
{
    private const string Answers =
        "Contents are rendered and fixed when this answers 202; poll the batch at Location. With «Prefer: wait=N» a batch that ends in time answers 200. "
        + "A dry run answers 200 with a diff for each target, and stores nothing.";

    public static void MapSyncBatches(this IEndpointRouteBuilder app)
    {
        var batches = app.MapGroup("/api").WithTags("Config sync");
        batches.MapPost("/sync/batch", Execute)
            .Describe("executeSyncBatch", "Execute (or replay) a transactional batch of config-file syncs", Answers)
            .Takes<SyncBatchRequest>().TakesDryRun();
        batches.MapPost("/config-files/{id:guid}/sync", SyncOne)
            .Describe("syncConfigFile", "Bring one config file to all its targets", "A batch of one; needs no body. " + Answers)
            .TakesOptional<SyncFileRequest>().TakesDryRun();
        batches.MapPost("/sync/batch/{batchId:guid}/cancel", Cancel)
            .Describe(
                "cancelSyncBatch", "Stop a batch",
                "A batch that waits ends at once. A running one begins nothing more, ends what is in flight, and is taken back or kept. Needs no body.")
            .TakesOptional<CancelBatchRequest>();
        batches.MapPost("/sync/batch/{batchId:guid}/retry", Retry)
            .Describe(
                "retrySyncBatch", "Go on with a batch that failed, was cancelled or succeeded in part",
                "Goes on with the targets that did not succeed, with the contents that the batch was accepted with. Needs no body.")
            .TakesOptional<NoSettings>();
        batches.MapGet("/sync/batch/{batchId:guid}", Get)
            .Describe("getSyncBatch", "Get a sync batch with its operations and their targets", "Answers 304 to If-None-Match while nothing has changed.").TakesPollHeaders();
        batches.MapGet("/environments/{envId:guid}/sync-batches", List)
            .Describe("listSyncBatches", "List the sync batches of an environment, the newest first", PlanFilter.Rule)
            .TakesPage([BatchFilter.Status, BatchFilter.ConfigFile, .. DescribedParameter.Created]);
    }

    private static async Task<Results<Accepted<SyncBatchView>, Ok<SyncBatchView>, DryRunAnswer, Refused>> Execute(
        HttpContext http, AcceptSyncBatch sync, DryRun dryRun, BatchReader batches, PreferredWait wait, CancellationToken ct)
    {
        if ((await Body.Read<SyncBatchRequest>(http)).IsRefused(out var refusal, out var request) || IsDryRun(http).IsRefused(out refusal, out var dry))
        {
            return refusal.Answer();
        }

        return dry ? await Look(dryRun, request, http.Caller(), ct) : await Answer(http, await sync.Accept(request, http.Caller(), ct), batches, wait, ct);
    }

    private static async Task<Results<Accepted<SyncBatchView>, Ok<SyncBatchView>, DryRunAnswer, Refused>> SyncOne(
        Guid id, HttpContext http, AcceptSyncBatch sync, DryRun dryRun, BatchReader batches, PreferredWait wait, DeployHubDb db, CancellationToken ct)
    {
        if ((await Body.ReadOptional<SyncFileRequest>(http)).IsRefused(out var refusal, out var request) || IsDryRun(http).IsRefused(out refusal, out var dry))
        {
            return refusal.Answer();
        }

        if (!dry)
        {
            return await Answer(http, await sync.AcceptOne(id, request, http.Caller(), ct), batches, wait, ct);
        }

        return await db.ConfigFiles.AnyAsync(x => x.Id == id, ct)
            ? await Look(dryRun, AcceptSyncBatch.BatchOf(id, request), http.Caller(), ct)
            : Refusal.NotFound("config file", id).Answer();
    }

    private static async Task<Results<Accepted<SyncBatchView>, Refused>> Cancel(
        Guid batchId, HttpContext http, AcceptBatchCancel cancel, BatchReader batches, CancellationToken ct)
    {
        var accepted = await Body.ReadOptional<CancelBatchRequest>(http).Then(request => cancel.Accept(batchId, request, http.Caller(), ct));
        return accepted.IsRefused(out var refusal, out var value) ? refusal.Answer() : await Now(http, value, batches, ct);
    }

    private static async Task<Results<Accepted<SyncBatchView>, Refused>> Retry(
        Guid batchId, HttpContext http, AcceptBatchRetry retry, BatchReader batches, CancellationToken ct)
    {
        var accepted = await Body.ReadOptional<NoSettings>(http).Then(_ => retry.Accept(batchId, http.Caller(), ct));
        return accepted.IsRefused(out var refusal, out var value) ? refusal.Answer() : await Now(http, value, batches, ct);
    }

    private static async Task<Accepted<SyncBatchView>> Now(HttpContext http, AcceptedBatch accepted, BatchReader batches, CancellationToken ct)
    {
        http.Response.Headers.RetryAfter = "1";
        var batch = await batches.Find(accepted.BatchId, http.Caller(), ct) ?? throw new InvalidOperationException($"The accepted batch {accepted.BatchId} is gone.");
        return TypedResults.Accepted($"/api/sync/batch/{accepted.BatchId}", batch);
    }

    private static async Task<Results<Poll<SyncBatchView>, Refused>> Get(Guid batchId, HttpContext http, BatchReader batches, PreferredWait wait, CancellationToken ct)
    {
        await wait.ForBatch(http, batchId, ct);
        return await batches.Find(batchId, http.Caller(), ct) is { } batch ? new Poll<SyncBatchView>(new(batch, batch.Status.HasEnded())) : Refusal.NotFound("sync batch", batchId).Answer();
    }

    private static async Task<Results<Ok<SyncBatchList>, Refused>> List(
        Guid envId, HttpContext http, DeployHubDb db, BatchReader batches, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var page) || BatchFilter.Read(http).IsRefused(out refusal, out var filter))
        {
            return refusal.Answer();
        }

        return await db.Environments.AnyAsync(x => x.Id == envId, ct)
            ? TypedResults.Ok(await batches.List(db.SyncBatches.Where(batch => batch.EnvironmentId == envId), filter, page, ct))
            : Refusal.NotFound("environment", envId).Answer();
    }

    private static async Task<Results<Accepted<SyncBatchView>, Ok<SyncBatchView>, DryRunAnswer, Refused>> Answer(
        HttpContext http, Result<AcceptedBatch> accepted, BatchReader batches, PreferredWait wait, CancellationToken ct)
    {
        if (accepted.IsRefused(out var refusal, out var value))
        {
            return refusal.Answer();
        }

        var location = $"/api/sync/batch/{value.BatchId}";
        var waited = await wait.ForBatch(http, value.BatchId, ct);

        // Read again, since a worker may be at it already, and a repeated request is told how things stand now.
        var batch = await batches.Find(value.BatchId, http.Caller(), ct) ?? throw new InvalidOperationException($"The accepted batch {value.BatchId} is gone.");
        if (waited && batch.Status.HasEnded())
        {
            http.Response.Headers.Location = location;
            return TypedResults.Ok(batch);
        }

        http.Response.Headers.RetryAfter = "1";
        return TypedResults.Accepted(location, batch);
    }

    private static async Task<Results<Accepted<SyncBatchView>, Ok<SyncBatchView>, DryRunAnswer, Refused>> Look(
        DryRun dryRun, SyncBatchRequest request, Caller caller, CancellationToken ct) =>
        (await dryRun.Look(request, caller, ct)).IsRefused(out var refusal, out var view) ? refusal.Answer() : new DryRunAnswer(view);

    // A word that is not understood is refused: whoever meant a dry run must not get a real one.
    private static Result<bool> IsDryRun(HttpContext http)
    {
        foreach (var (field, values) in new[] { ("dryRun", http.Request.Query["dryRun"]), ("X-Dry-Run", http.Request.Headers["X-Dry-Run"]) })
        {
            if (values.Count > 0 && !values.All(value => value is "true" or "false"))
            {
                return Refusal.Invalid(field, "must be «true» or «false».");
            }
        }

        return http.Request.Query["dryRun"].Contains("true") || http.Request.Headers["X-Dry-Run"].Contains("true");
    }
}
