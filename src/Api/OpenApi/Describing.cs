using System.Globalization;
using DeployHub.Api.Http;
using Microsoft.OpenApi;

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

    /// <summary>The same for a body that can be left out.</summary>
    public static RouteHandlerBuilder TakesOptional<T>(this RouteHandlerBuilder route) where T : notnull => route.Accepts<T>(isOptional: true, "application/json");

    /// <summary>The answer has the version of what it shows as an ETag.</summary>
    public static RouteHandlerBuilder GivesETag(this RouteHandlerBuilder route) => route.WithMetadata(new VersionTag());

    public static RouteHandlerBuilder TakesIfMatch(this RouteHandlerBuilder route) => route.WithMetadata(new DescribedParameter(
        "If-Match", InHeader: true, "The ETag that was read. When it has changed since, nothing is done: 409.") { Example = "\"3\"" });

    public static RouteHandlerBuilder TakesDryRun(this RouteHandlerBuilder route) => route.WithMetadata(
        new DescribedParameter("dryRun", InHeader: false, "true: say what would change on the hosts, and change nothing.") { Schema = TrueOrFalse, Example = true },
        new DescribedParameter("X-Dry-Run", InHeader: true, "The same as a header.") { Schema = TrueOrFalse, Example = true },
        new DescribedParameter("Prefer", InHeader: true, "wait=N holds the answer until the batch has ended, or N (1 to 60) seconds.") { Example = "wait=60" });

    /// <summary>A list that comes in pages, and what it can be narrowed to.</summary>
    public static RouteHandlerBuilder TakesPage(this RouteHandlerBuilder route, params DescribedParameter[] filters) => route.WithMetadata(
    [
        .. filters,
        new DescribedParameter(PageRequest.LimitName, InHeader: false, $"Rows in a page: 1 to {PageRequest.LargestLimit}.")
        {
            Schema = new OpenApiSchema
            {
                Type = JsonSchemaType.Integer, Minimum = "1", Maximum = PageRequest.LargestLimit.ToString(CultureInfo.InvariantCulture), Default = PageRequest.DefaultLimit,
            },
            Example = PageRequest.DefaultLimit,
        },
        new DescribedParameter(PageRequest.CursorName, InHeader: false, "The nextCursor of the page before. It belongs to its list and filters: send the same ones with it.")
        {
            Example = Examples.Cursor,
        },
    ]);

    public static RouteHandlerBuilder TakesPollHeaders(this RouteHandlerBuilder route) => route.WithMetadata(
        new DescribedParameter("Prefer", InHeader: true, "wait=N holds the answer until it has ended, or N (1 to 60) seconds.") { Example = "wait=60" },
        new DescribedParameter("If-None-Match", InHeader: true, "The ETag of the last answer.") { Example = Examples.ETag });

    public static RouteHandlerBuilder IsStream(this RouteHandlerBuilder route, bool canBeOver)
    {
        route.Produces<string>(StatusCodes.Status200OK, "text/event-stream").WithMetadata(
            new DescribedParameter("Last-Event-ID", InHeader: true, "The id of the last event that the caller has. A browser sends it by itself.") { Example = "17" });
        return canBeOver ? route.Produces(StatusCodes.Status204NoContent) : route;
    }

    private static OpenApiSchema TrueOrFalse => new() { Type = JsonSchemaType.Boolean };
}

/// <summary>
/// A second shape that a 200 may have. Whoever makes the document knows one shape a status, so it stands under a status that nobody sends until
/// the document is put together.
/// </summary>
internal static class SecondShape
{
    public const int Status = 299;

    public static ProducesResponseTypeMetadata Of(Type shape) => new(Status, shape, ["application/json"]);
}

/// <summary>The answer has an ETag.</summary>
internal sealed record VersionTag;

/// <summary>The route names something that may not be there, though not in its path.</summary>
internal sealed record NamesById;
