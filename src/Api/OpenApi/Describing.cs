namespace DeployHub.Api.OpenApi;

/// <summary>What the document says of a route beyond its types.</summary>
internal static class Describing
{
    public const string PatchRule = "What is left out stays as it is; null clears what can be empty. A field that is an object is replaced as a whole.";

    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder route, string operationId, string summary, string? description = null)
    {
        route.WithName(operationId).WithSummary(summary);
        return description is null ? route : route.WithDescription(description);
    }

    /// <summary>The handler reads the body itself; this only names its type.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route) where T : notnull => route.Accepts<T>("application/json");

    public static RouteHandlerBuilder TakesIfMatch(this RouteHandlerBuilder route) => route.WithMetadata(new DescribedParameter(
        "If-Match", InHeader: true, "The ETag that was read. When it has changed since, nothing is done: 409."));

    public static RouteHandlerBuilder TakesDryRun(this RouteHandlerBuilder route) => route.WithMetadata(
        new DescribedParameter("dryRun", InHeader: false, "true: say what would change on the hosts, and change nothing."),
        new DescribedParameter("X-Dry-Run", InHeader: true, "The same as a header."),
        new DescribedParameter("Prefer", InHeader: true, "wait=N holds the answer until the batch has ended, or N (1 to 60) seconds."));

    public static RouteHandlerBuilder TakesPage(this RouteHandlerBuilder route) => route.WithMetadata(
        new DescribedParameter("limit", InHeader: false, "Rows in a page: 1 to 200, default 50.", IsNumber: true),
        new DescribedParameter("cursor", InHeader: false, "The nextCursor of the page before."));

    public static RouteHandlerBuilder TakesPollHeaders(this RouteHandlerBuilder route) => route.WithMetadata(
        new DescribedParameter("Prefer", InHeader: true, "wait=N holds the answer until it has ended, or N (1 to 60) seconds."),
        new DescribedParameter("If-None-Match", InHeader: true, "The ETag of the last answer."));

    public static RouteHandlerBuilder IsStream(this RouteHandlerBuilder route, bool canBeOver)
    {
        route.Produces<string>(StatusCodes.Status200OK, "text/event-stream")
            .WithMetadata(new DescribedParameter("Last-Event-ID", InHeader: true, "The id of the last event that the caller has. A browser sends it by itself."));
        return canBeOver ? route.Produces(StatusCodes.Status204NoContent) : route;
    }
}

/// <summary>A parameter that the handler reads itself.</summary>
internal sealed record DescribedParameter(string Name, bool InHeader, string Description, bool IsNumber = false);

/// <summary>The route names something that may not be there, though not in its path.</summary>
internal sealed record NamesById;
