using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
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
        plans.MapPost("/container-images/{id:guid}/deploy", Deploy).RequireRole(Permissions.Deploy)
            .Describe("deployContainerImage", "Deploy a container image to all linked services", "The plan is committed when this answers; poll it at Location.")
            .Takes<DeployRequest>();
        plans.MapGet("/deployment-plans/{id:guid}", Get).RequireRole(Permissions.Read)
            .Describe("getDeploymentPlan", "Get a deployment plan with its steps", "Answers 304 to If-None-Match while nothing has changed.").TakesPollHeaders();
        plans.MapPost("/deployment-plans/{id:guid}/rollback", Rollback).RequireRole(Permissions.Deploy)
            .Describe("rollbackDeploymentPlan", "Take back a plan that completed, failed or was cancelled", "Needs no body.");
        plans.MapPost("/deployment-plans/{id:guid}/cancel", Cancel).RequireRole(Permissions.Deploy)
            .Describe(
                "cancelDeploymentPlan", "Stop a plan",
                "A plan that waits ends at once. A running one begins nothing more, ends what is in flight at its next safe point, and is taken back or kept. Needs no body.");
        plans.MapPost("/deployment-plans/{id:guid}/retry", Retry).RequireRole(Permissions.Deploy)
            .Describe(
                "retryDeploymentPlan", "Go on with a plan that failed, was cancelled or was rolled back in part",
                "Goes on with the steps that did not succeed: forward, or further back where the rollback was not whole. Needs no body.");
        plans.MapGet("/environments/{envId:guid}/deployment-plans", ListOfEnvironment).RequireRole(Permissions.Read)
            .Describe("listEnvironmentDeploymentPlans", "List the deployment plans of an environment, the newest first").TakesPage();
        plans.MapGet("/container-images/{id:guid}/deployment-plans", ListOfImage).RequireRole(Permissions.Read)
            .Describe("listContainerImageDeploymentPlans", "List the deployment plans of a container image, the newest first").TakesPage();
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

    private static async Task<Results<PlanPoll, Refused>> Get(Guid id, HttpContext http, PlanReader plans, PlanWait wait, CancellationToken ct)
    {
        if (PlanWait.Preferred(http.Request) is { } seconds)
        {
            await wait.UntilEnded(id, TimeSpan.FromSeconds(seconds), ct);
            http.Response.Headers["Preference-Applied"] = $"wait={seconds}";
        }

        return await plans.Find(id, ct) is { } plan ? new PlanPoll(plan) : Refusal.NotFound("deployment plan", id).Answer();
    }

    private static async Task<Results<Ok<PlanList>, Refused>> ListOfEnvironment(
        Guid envId, HttpContext http, DeployHubDb db, PlanReader plans, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var page))
        {
            return refusal.Answer();
        }

        return await db.Environments.AnyAsync(x => x.Id == envId, ct)
            ? TypedResults.Ok(await plans.List(db.Plans.Where(plan => plan.EnvironmentId == envId), page, ct))
            : Refusal.NotFound("environment", envId).Answer();
    }

    private static async Task<Results<Ok<PlanList>, Refused>> ListOfImage(
        Guid id, HttpContext http, DeployHubDb db, PlanReader plans, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var page))
        {
            return refusal.Answer();
        }

        return await db.ContainerImages.AnyAsync(x => x.Id == id, ct)
            ? TypedResults.Ok(await plans.List(db.Plans.Where(plan => plan.ContainerImageId == id), page, ct))
            : Refusal.NotFound("container image", id).Answer();
    }

    private static async Task<Accepted<PlanAnswer>> Answer(HttpContext http, AcceptedPlan accepted, PlanReader plans, CancellationToken ct)
    {
        http.Response.Headers.RetryAfter = "1";
        // What was there before is read again, since a worker may be at it already: a repeated request is told how things stand now.
        var plan = accepted.Fresh is { } fresh ? PlanReader.Of(fresh)
            : await plans.Find(accepted.PlanId, ct) ?? throw new InvalidOperationException($"The accepted plan {accepted.PlanId} is gone.");
        return TypedResults.Accepted($"/api/deployment-plans/{accepted.PlanId}", new PlanAnswer(plan));
    }

    /// <summary>Where a request has no settings, an empty object is let through.</summary>
    private sealed record NoSettings;
}
