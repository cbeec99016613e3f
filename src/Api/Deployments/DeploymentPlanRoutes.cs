using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Api.Streams;
using DeployHub.Domain.Deployments;
using DeployHub.Intake;
using DeployHub.Intake.Deployments;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Deployments;

internal static class DeploymentPlanRoutes
{
    public static void MapDeploymentPlans(this IEndpointRouteBuilder app)
    {
        var plans = app.MapGroup("/api").WithTags("Deployment plans");
        plans.MapPost("/container-images/{id:guid}/deploy", Deploy)
            .Describe("deployContainerImage", "Deploy a container image to all linked services", "The plan is committed when this answers; poll it at Location.")
            .Takes<DeployRequest>();
        plans.MapGet("/deployment-plans/{id:guid}", Get)
            .Describe("getDeploymentPlan", "Get a deployment plan with its steps", "Answers 304 to If-None-Match while nothing has changed.").TakesPollHeaders();
        plans.MapPost("/deployment-plans/{id:guid}/rollback", Rollback)
            .Describe("rollbackDeploymentPlan", "Take back a plan that completed, failed or was cancelled", "Needs no body.")
            .TakesOptional<NoSettings>();
        plans.MapPost("/deployment-plans/{id:guid}/cancel", Cancel)
            .Describe(
                "cancelDeploymentPlan", "Stop a plan",
                "A plan that waits ends at once. A running one begins nothing more, ends what is in flight at its next safe point, and is taken back or kept. Needs no body.")
            .TakesOptional<CancelRequest>();
        plans.MapPost("/deployment-plans/{id:guid}/retry", Retry)
            .Describe(
                "retryDeploymentPlan", "Go on with a plan that failed, was cancelled or was rolled back in part",
                "Goes on with the steps that did not succeed: forward, or further back where the rollback was not whole. Needs no body.")
            .TakesOptional<NoSettings>();
        plans.MapGet("/environments/{envId:guid}/deployment-plans", ListOfEnvironment)
            .Describe("listEnvironmentDeploymentPlans", "List the deployment plans of an environment, the newest first", PlanFilter.Rule)
            .TakesPage([PlanFilter.Status, PlanFilter.Image, PlanFilter.Service, .. DescribedParameter.Created]);
        plans.MapGet("/container-images/{id:guid}/deployment-plans", ListOfImage)
            .Describe("listContainerImageDeploymentPlans", "List the deployment plans of a container image, the newest first", PlanFilter.Rule)
            .TakesPage([PlanFilter.Status, PlanFilter.Service, .. DescribedParameter.Created]);
    }

    private static async Task<Results<Accepted<PlanAnswer>, Refused>> Deploy(
        Guid id, HttpContext http, AcceptDeployment deployment, PlanReader plans, CancellationToken ct)
    {
        var accepted = await Body.Read<DeployRequest>(http)
            .Then(request => deployment.Accept(id, request, http.Caller(), ct));
        return accepted.IsRefused(out var refusal, out var value) ? refusal.Answer() : await Answer(http, value, plans, ct);
    }

    private static async Task<Results<Accepted<PlanAnswer>, Refused>> Rollback(
        Guid id, HttpContext http, AcceptRollback rollback, PlanReader plans, CancellationToken ct)
    {
        var accepted = await Body.ReadOptional<NoSettings>(http)
            .Then(_ => rollback.Accept(id, http.Caller(), ct));
        return accepted.IsRefused(out var refusal, out var value) ? refusal.Answer() : await Answer(http, value, plans, ct);
    }

    private static async Task<Results<Accepted<PlanAnswer>, Refused>> Cancel(Guid id, HttpContext http, AcceptCancel cancel, PlanReader plans, CancellationToken ct)
    {
        var accepted = await Body.ReadOptional<CancelRequest>(http)
            .Then(request => cancel.Accept(id, request, http.Caller(), ct));
        return accepted.IsRefused(out var refusal, out var value) ? refusal.Answer() : await Answer(http, value, plans, ct);
    }

    private static async Task<Results<Accepted<PlanAnswer>, Refused>> Retry(Guid id, HttpContext http, AcceptRetry retry, PlanReader plans, CancellationToken ct)
    {
        var accepted = await Body.ReadOptional<NoSettings>(http)
            .Then(_ => retry.Accept(id, http.Caller(), ct));
        return accepted.IsRefused(out var refusal, out var value) ? refusal.Answer() : await Answer(http, value, plans, ct);
    }

    private static async Task<Results<Poll<PlanAnswer>, Refused>> Get(Guid id, HttpContext http, PlanReader plans, PreferredWait wait, CancellationToken ct)
    {
        await wait.ForPlan(http, id, ct);
        return await plans.Poll(id, http.Caller(), ct) is { } polled ? new Poll<PlanAnswer>(polled) : Refusal.NotFound("deployment plan", id).Answer();
    }

    private static async Task<Results<Ok<PlanList>, Refused>> ListOfEnvironment(
        Guid envId, HttpContext http, DeployHubDb db, PlanReader plans, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var page) || PlanFilter.Read(http).IsRefused(out refusal, out var filter))
        {
            return refusal.Answer();
        }

        return await db.Environments.AnyAsync(x => x.Id == envId, ct)
            ? TypedResults.Ok(await plans.List(db.Plans.Where(plan => plan.EnvironmentId == envId), filter, page, ct))
            : Refusal.NotFound("environment", envId).Answer();
    }

    private static async Task<Results<Ok<PlanList>, Refused>> ListOfImage(
        Guid id, HttpContext http, DeployHubDb db, PlanReader plans, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var page) || PlanFilter.Read(http).IsRefused(out refusal, out var filter))
        {
            return refusal.Answer();
        }

        return await db.ContainerImages.AnyAsync(x => x.Id == id, ct)
            ? TypedResults.Ok(await plans.List(db.Plans.Where(plan => plan.ContainerImageId == id), filter, page, ct))
            : Refusal.NotFound("container image", id).Answer();
    }

    private static async Task<Accepted<PlanAnswer>> Answer(HttpContext http, AcceptedPlan accepted, PlanReader plans, CancellationToken ct)
    {
        http.Response.Headers.RetryAfter = "1";
        // What was there before is read again, since a worker may be at it already: a repeated request is told how things stand now.
        var plan = accepted.Fresh is { } fresh ? PlanReader.Of(fresh)
            : await plans.Find(accepted.PlanId, http.Caller(), ct) ?? throw new InvalidOperationException($"The accepted plan {accepted.PlanId} is gone.");
        return TypedResults.Accepted($"/api/deployment-plans/{accepted.PlanId}", new PlanAnswer(plan));
    }
}
