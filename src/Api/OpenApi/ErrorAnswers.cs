using System.Text.Json.Nodes;
using DeployHub.Contracts.Errors;
using Microsoft.OpenApi;

namespace DeployHub.Api.OpenApi;

/// <summary>The errors that an operation may answer with, and the envelope that all of them come in.</summary>
internal static class ErrorAnswers
{
    public const string SchemaName = "Error";

    private static readonly string[] Codes =
    [
        ErrorCodes.ValidationError, ErrorCodes.ReadonlyField, ErrorCodes.Unauthorized, ErrorCodes.ForbiddenScope, ErrorCodes.ForbiddenRole, ErrorCodes.NotFound,
        ErrorCodes.Conflict, ErrorCodes.IdempotencyKeyReused, ErrorCodes.RateLimited, ErrorCodes.ServiceUnavailable, ErrorCodes.Internal,
    ];

    public static IEnumerable<(string Status, string Text)> Of(OpenApiOperation operation, string method, string path, bool needsToken, bool namesById)
    {
        if (needsToken)
        {
            yield return ("400", "The request is malformed, or a field or parameter of it is not valid.");
            yield return ("401", "No token, or one that is unknown, expired, revoked, or of an account that is disabled.");
            yield return ("403", "The token's role does not permit this, or it is limited to environments and this concerns others.");
        }

        // What a repeated POST had made may be gone.
        if (path.Contains('{', StringComparison.Ordinal) || namesById || method == HttpMethods.Post)
        {
            yield return ("404", "There is no such thing, or the token does not see the environment that it lies in.");
        }

        if (needsToken && method != HttpMethods.Get)
        {
            yield return ("409", "The request contradicts what is there.");
        }

        if (operation.RequestBody is not null)
        {
            yield return ("413", "The body is larger than 1 MiB, or than 2 MiB where it holds a config file.");
            yield return ("415", "The body is not JSON.");
        }

        if (needsToken)
        {
            yield return ("429", "Too many requests with this token or from this address; Retry-After says when to try again.");
        }

        yield return ("500", "A fault in DeployHub.");
        yield return ("503", "Something that the request needs is down; Retry-After says when to try again.");
    }

    /// <summary>The answer of a status, which all operations share.</summary>
    public static OpenApiResponseReference Shared(string status, string text, OpenApiDocument document)
    {
        var name = $"Error{status}";
        document.Components ??= new OpenApiComponents();
        document.Components.Responses ??= new Dictionary<string, IOpenApiResponse>();
        if (!document.Components.Responses.ContainsKey(name))
        {
            document.AddComponent<IOpenApiResponse>(name, new OpenApiResponse
            {
                Description = text,
                Headers = AnswerHeaders.Of(AnswerHeaders.OfError(status), document),
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/json"] = new() { Schema = new OpenApiSchemaReference(SchemaName, document), Example = Examples.Error(status) },
                },
            });
        }

        return new OpenApiResponseReference(name, document);
    }

    public static OpenApiSchema Schema() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "What every error says.",
        Required = new HashSet<string> { "code", "message", "requestId" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["code"] = new OpenApiSchema
            {
                Type = JsonSchemaType.String, Description = "Stable; branch on it.", Enum = [.. Codes.Select(code => (JsonNode)JsonValue.Create(code))],
            },
            ["message"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "A sentence for people." },
            ["field"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The input that it is about, as in container.ports[0].hostPort." },
            ["hint"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "What to do about it." },
            ["requestId"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Quote it when reporting issues." },
        },
    };
}
