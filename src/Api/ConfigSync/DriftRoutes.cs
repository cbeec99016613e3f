using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Intake;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.ConfigSync;

internal static class DriftRoutes
{
    public static void MapDrift(this IEndpointRouteBuilder app)
    {
        var drift = app.MapGroup("/api").WithTags("Config sync");
        drift.MapGet("/environments/{envId:guid}/drift", OfEnvironment)
            .Describe("getEnvironmentDrift", "Compare what the hosts of an environment hold to what they are to hold", "Reads the hosts, through a worker.");
        drift.MapGet("/services/{id:guid}/drift", OfService)
            .Describe("getServiceDrift", "The same for the files of one service", "Reads the hosts, through a worker.");
    }

    private static async Task<Results<Ok<DriftView>, Refused>> OfEnvironment(Guid envId, DeployHubDb db, DriftReader drift, CancellationToken ct) =>
        await db.Environments.AnyAsync(x => x.Id == envId, ct)
            ? Answer(await drift.Read(envId, null, ct))
            : Refusal.NotFound("environment", envId).Answer();

    private static async Task<Results<Ok<DriftView>, Refused>> OfService(Guid id, DeployHubDb db, DriftReader drift, CancellationToken ct) =>
        await db.Services.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, ct) is { } service
            ? Answer(await drift.Read(service.EnvironmentId, id, ct))
            : Refusal.NotFound("service", id).Answer();

    private static Results<Ok<DriftView>, Refused> Answer(Result<DriftView> read) =>
        read.IsRefused(out var refusal, out var view) ? refusal.Answer() : TypedResults.Ok(view);
}
