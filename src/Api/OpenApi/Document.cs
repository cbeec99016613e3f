using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using DeployHub.Api.Http;
using DeployHub.Contracts.Wire;
using DeployHub.Intake.Access;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DeployHub.Api.OpenApi;

/// <summary>What <c>/openapi.json</c> says beyond the types of the routes: errors, tokens, headers, examples.</summary>
internal static class Document
{
    private const string BearerScheme = "bearer";
    private const string ViewSuffix = "View";

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
            Contact = new OpenApiContact { Name = "Whoever runs this server" },
        };
        document.Servers = [new OpenApiServer { Url = "/", Description = "The server that this document comes from." }];
        document.Tags = Tags.Of(document);
        document.Components ??= new OpenApiComponents();
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        document.Components.Schemas[ErrorAnswers.SchemaName] = ErrorAnswers.Schema();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [BearerScheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A token of POST /api/admin/tokens." },
        };
        DocumentExamples.Add(document);
        return Task.CompletedTask;
    }

    private static Task AddErrorsAndParameters(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var (method, path) = (context.Description.HttpMethod ?? "", context.Description.RelativePath ?? "");
        operation.Parameters ??= [];
        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>().Where(parameter => parameter.In == ParameterLocation.Path))
        {
            (parameter.Description, parameter.Example) = (PathIds.Describe(path, parameter.Name ?? ""), Examples.Id);
        }

        foreach (var parameter in metadata.OfType<DescribedParameter>().Concat(method == HttpMethods.Post ? [IdempotencyHeader.Parameter] : []))
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = parameter.InHeader ? ParameterLocation.Header : ParameterLocation.Query,
                Description = parameter.Description,
                Schema = parameter.Schema,
                Example = parameter.Example?.DeepClone(),
            });
        }

        var role = metadata.OfType<AccessRow>().FirstOrDefault()?.Role;
        if (role is not null)
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, context.Document)] = [] }];
        }

        var needs = role is { } needed ? $"Needs the role {needed.Word()}." : "Needs no token.";
        operation.Description = operation.Description is { Length: > 0 } said ? $"{said} {needs}" : needs;
        operation.Responses ??= [];
        if (operation.Responses.Remove($"{SecondShape.Status}", out var second) && operation.Responses["200"].Content?["application/json"] is { Schema: { } first } answer)
        {
            answer.Schema = new OpenApiSchema { OneOf = [first, second.Content!["application/json"].Schema!] };
        }

        foreach (var (status, text) in ErrorAnswers.Of(operation, method, path, role is not null, metadata.OfType<NamesById>().Any()))
        {
            operation.Responses[status] = ErrorAnswers.Shared(status, text, context.Document!);
        }

        AnswerHeaders.Add(operation, method, metadata, context.Document!);
        return Task.CompletedTask;
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
        else if (type.IsEnum)
        {
            // Null is said where the field is, so that the words are the same everywhere.
            schema.Type = JsonSchemaType.String;
            schema.Enum = [.. Enum.GetNames(type).Select(name => (JsonNode)JsonValue.Create(JsonNamingPolicy.SnakeCaseLower.ConvertName(name)))];
        }
        else if (type.Assembly == typeof(Document).Assembly && info.Kind == JsonTypeInfoKind.Object && type != typeof(NoSettings))
        {
            schema.Required = info.Properties.Where(property => property.ShouldSerialize is null).Select(property => property.Name).ToHashSet();
        }
        else if (info.Kind == JsonTypeInfoKind.Object)
        {
            // What callers send: an unknown property is refused.
            schema.AdditionalPropertiesAllowed = false;
        }

        if (context.JsonPropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(AllowedValuesAttribute), inherit: true) is [AllowedValuesAttribute words])
        {
            schema.Enum = [.. words.Values.Select(word => (JsonNode)JsonValue.Create((string)word!))];
        }

        return Task.CompletedTask;
    }
}
