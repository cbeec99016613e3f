namespace DeployHub.Api.OpenApi;

/// <summary><c>/asyncapi.json</c>: the messages for other systems, as they are committed under docs/contracts. Open to everybody, as <c>/openapi.json</c> is.</summary>
internal static class MessageDocument
{
    public const string Path = "/asyncapi.json";

    public static void MapMessageDocument(this IEndpointRouteBuilder app) => app.MapGet(Path, Read).ExcludeFromDescription();

    private static IResult Read() => TypedResults.Stream(
        typeof(MessageDocument).Assembly.GetManifestResourceStream("asyncapi.json") ?? throw new InvalidOperationException("The build has left out asyncapi.json."),
        "application/json; charset=utf-8");
}
