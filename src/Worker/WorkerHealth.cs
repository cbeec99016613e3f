using DeployHub.Contracts.Errors;
using DeployHub.Contracts.Wire;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using MassTransit;

namespace DeployHub.Worker;

public static class WorkerHealth
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary><c>/health</c>: the process lives. <c>/health/ready</c>: it can work, that is, database and broker answer.</summary>
    public static void MapWorkerHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health", () => Results.Json(new { status = "ok" }, WireWords.Json));
        app.MapGet("/health/ready", Ready);
    }

    private static async Task<IResult> Ready(DeployHubDb db, IBusControl bus, HttpContext http)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        deadline.CancelAfter(Deadline);
        var missing = bus.CheckHealth().Status == BusHealthStatus.Healthy ? "" : " The broker does not answer.";
        try
        {
            missing += await db.TakesWrites(deadline.Token) ? "" : " The database takes no writes.";
            missing += await db.BrokerIsBlocked(deadline.Token) ? " The broker takes no messages; see its alarms." : "";
        }
        catch (Exception e) when (e is System.Data.Common.DbException or OperationCanceledException)
        {
            missing += " The database does not answer.";
        }

        return missing.Length == 0
            ? Results.Json(new { status = "ready" }, WireWords.Json)
            : Results.Json(new { code = ErrorCodes.ServiceUnavailable, message = missing.Trim() }, WireWords.Json, statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
