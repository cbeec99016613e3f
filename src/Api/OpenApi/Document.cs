using System.Text.Json.Nodes;
using DeployHub.Api.Access;
using DeployHub.Contracts.Errors;
using DeployHub.Contracts.Wire;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DeployHub.Api.OpenApi;

/// <summary>What <c>/openapi.json</c> says beyond the types of the routes: errors, tokens, headers.</summary>
internal static class Document
{
    private const string ErrorSchema = "Error";
    private const string BearerScheme = "bearer";
    private const string ViewSuffix = "View";

    private static readonly string[] Codes =
    [
        ErrorCodes.ValidationError, ErrorCodes.ReadonlyField, ErrorCodes.Unauthorized, ErrorCodes.ForbiddenScope, ErrorCodes.ForbiddenRole, ErrorCodes.NotFound,
        ErrorCodes.Conflict, ErrorCodes.IdempotencyKeyReused, ErrorCodes.RateLimited, ErrorCodes.ServiceUnavailable, ErrorCodes.Internal,
    ];

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.CreateSchemaReferenceId = type => OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } id
            ? id.EndsWith(ViewSuffix, StringComparison.Ordinal) ? id[..^ViewSuffix.Length] : id
            : null;
        options.AddDocumentTransformer(AddWhatAllShare);
        options.AddOperationTransformer(AddErrorsAndParameters);
        options.AddSchemaTransformer(Complete);
    }

    private static Task AddWhatAllShare(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken ct)
    {
        document.Info = new OpenApiInfo
        {
            Title = "DeployHub", Version = "v1",
            Description = "Rolls container images out to the services that run them, and takes them back exactly when something fails. Submit, then poll.",
        };
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        document.Components.Schemas[ErrorSchema] = Error();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [BearerScheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A token of POST /api/admin/tokens." },
        };
        return Task.CompletedTask;
    }

    private static Task AddErrorsAndParameters(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Parameters ??= [];
        foreach (var parameter in metadata.OfType<DescribedParameter>())
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = parameter.InHeader ? ParameterLocation.Header : ParameterLocation.Query,
                Description = parameter.Description,
                Schema = new OpenApiSchema { Type = parameter.IsNumber ? JsonSchemaType.Integer : JsonSchemaType.String },
            });
        }

        var needsToken = metadata.OfType<RequiredRole>().Any();
        if (needsToken)
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, context.Document)] = [] }];
        }

        operation.Responses ??= [];
        foreach (var (status, text) in ErrorsOf(operation, context.Description.HttpMethod ?? "", context.Description.RelativePath ?? "", needsToken))
        {
            operation.Responses[status] = new OpenApiResponse
            {
                Description = text,
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/json"] = new() { Schema = new OpenApiSchemaReference(ErrorSchema, context.Document) },
                },
            };
        }

        return Task.CompletedTask;
    }

    private static IEnumerable<(string Status, string Text)> ErrorsOf(OpenApiOperation operation, string method, string path, bool needsToken)
    {
        if (operation.RequestBody is not null || operation.Parameters is { Count: > 0 } parameters && parameters.Any(x => x.In != ParameterLocation.Path))
        {
            yield return ("400", "The request is malformed, or a field of it is not valid.");
        }

        if (needsToken)
        {
            yield return ("401", "No token, or one that is unknown, expired or revoked.");
            yield return ("403", "The token's role does not permit this.");
        }

        if (path.Contains('{', StringComparison.Ordinal))
        {
            yield return ("404", "There is no such thing.");
        }

        if (needsToken && method != HttpMethods.Get)
        {
            yield return ("409", "The request contradicts what is there.");
        }

        if (operation.RequestBody is not null)
        {
            yield return ("413", "The body is larger than 1 MiB.");
            yield return ("415", "The body is not JSON.");
        }

        yield return ("500", "A fault in DeployHub.");
        yield return ("503", "Something that the request needs is down; Retry-After says when to try again.");
    }

    // What the server writes is always there; the exporter cannot tell, since it looks at how types are read.
    private static Task Complete(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken ct)
    {
        var info = context.JsonTypeInfo;
        var type = Nullable.GetUnderlyingType(info.Type) ?? info.Type;
        if (type == typeof(DateTime))
        {
            schema.Type = JsonSchemaType.String | (schema.Type ?? 0) & JsonSchemaType.Null | (type == info.Type ? 0 : JsonSchemaType.Null);
            schema.Format = "date-time";
        }
        else if (type.Assembly == typeof(Document).Assembly && info.Kind == System.Text.Json.Serialization.Metadata.JsonTypeInfoKind.Object)
        {
            schema.Required = info.Properties.Where(property => property.ShouldSerialize is null).Select(property => property.Name).ToHashSet();
        }

        return Task.CompletedTask;
    }

    private static OpenApiSchema Error() => new()
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
