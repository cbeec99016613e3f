using System.ComponentModel;
using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Domain.Servers;
using DeployHub.Hosting;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Health;

internal sealed record HealthAnswer(string Status);

internal sealed record StatusAnswer(StatusView Status);

internal sealed record StatusView(BrokerView Broker, List<EngineStatusView> Engines);

internal sealed record BrokerView(
    [property: Description("healthy, degraded, unhealthy, or none where this server has no broker.")] string Status, string? Message);

internal sealed record EngineStatusView(
    Guid ServerId, Guid EnvironmentId, string ServerName, ServerStatus Status, string? StatusMessage, string? EngineVersion, DateTime? LastSeenAt);

internal static class HealthRoutes
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromSeconds(3);

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("").WithTags("Health");
        health.MapGet("/health", Live).Describe("getHealth", "Whether this process is alive");
        health.MapGet("/health/ready", Ready).Describe("getReadiness", "Whether this server can take requests", "503 while the database cannot be reached, or takes no writes.");
        health.MapGet("/api/status", Status)
            .Describe("getStatus", "The broker, and the engines that the token sees, as last seen", "None of it decides readiness: what is accepted now runs when they are back.");
    }

    private static Ok<HealthAnswer> Live() => TypedResults.Ok(new HealthAnswer("ok"));

    private static async Task<Ok<HealthAnswer>> Ready(DeployHubDb db, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(ReadyDeadline);
        try
        {
            return await db.TakesWrites(deadline.Token) ? TypedResults.Ok(new HealthAnswer("ready")) : throw new DatabaseReadOnlyException();
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new DatabaseSilentException(e);
        }
    }

    private static async Task<Ok<StatusAnswer>> Status(
        HttpContext http, DeployHubDb db, HostSettings settings, IServiceProvider services, CancellationToken ct)
    {
        var servers = db.Servers.AsNoTracking();
        if (http.Caller().Environments?.ToList() is { } seen)
        {
            servers = servers.Where(x => seen.Contains(x.EnvironmentId));
        }

        var engines = await servers.OrderBy(x => x.CreatedAt).ThenBy(x => x.Id)
            .Select(x => new EngineStatusView(x.Id, x.EnvironmentId, x.Name, x.Status, x.StatusMessage, x.EngineVersion, x.LastSeenAt)).ToListAsync(ct);
        var blocked = settings.RabbitMq is not null && await db.BrokerIsBlocked(ct);
        return TypedResults.Ok(new StatusAnswer(new StatusView(Broker(services.GetService<IBusControl>(), blocked, settings), engines)));
    }

    private static BrokerView Broker(IBusControl? bus, bool blocked, HostSettings settings) => settings.RabbitMq is null || bus?.CheckHealth() is not { } health
        ? new BrokerView("none", null)
        : health.Status != BusHealthStatus.Healthy ? new BrokerView(health.Status.ToString().ToLowerInvariant(), health.Description)
        : blocked ? new BrokerView("degraded", OutboxMessage.NotConfirmed)
        : new BrokerView("healthy", null);
}
