using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace DeployHub.Api.OpenApi;

/// <summary>
/// Gives every body of the document an example, made from its schema and the values of <see cref="Examples"/>: so what a type gains is in the
/// example too, and an example never says what the schema does not allow.
/// </summary>
internal sealed class DocumentExamples
{
    private const string Json = "application/json";
    private const int Deepest = 8;
    private readonly IDictionary<string, IOpenApiSchema> _schemas;
    private readonly string _status;
    private bool _inList;

    private DocumentExamples(OpenApiDocument document, string status) => (_schemas, _status) = (document.Components!.Schemas!, status);

    public static void Add(OpenApiDocument document)
    {
        foreach (var operation in document.Paths.SelectMany(path => path.Value.Operations?.Values.ToList() ?? []))
        {
            if (operation.RequestBody?.Content is { } request && request.TryGetValue(Json, out var body))
            {
                body.Example = new DocumentExamples(document, "").Of(body.Schema, "", "", 0);
            }

            foreach (var (status, answer) in operation.Responses ?? [])
            {
                if (answer.Content is { } content && content.TryGetValue(Json, out var shape))
                {
                    shape.Example ??= new DocumentExamples(document, status).Of(shape.Schema, "", "", 0);
                }
            }
        }
    }

    private JsonNode? Of(IOpenApiSchema? given, string owner, string parent, int depth)
    {
        var name = (given as OpenApiSchemaReference)?.Reference.Id ?? owner;
        var schema = given is OpenApiSchemaReference ? _schemas[name] : given;
        if (schema is null || depth > Deepest)
        {
            return null;
        }

        var choices = schema.OneOf ?? schema.AnyOf;
        if (choices?.FirstOrDefault(choice => choice is OpenApiSchemaReference || choice.Type is not JsonSchemaType.Null) is { } choice)
        {
            return Of(choice, owner, parent, depth);
        }

        if (schema.Enum is { Count: > 0 } words)
        {
            return words[0].DeepClone();
        }

        var type = (schema.Type ?? JsonSchemaType.Object) & ~JsonSchemaType.Null;
        return type switch
        {
            JsonSchemaType.Object => OfObject(schema, name, parent, depth),
            JsonSchemaType.Array => OfArray(schema, name, parent, depth),
            JsonSchemaType.Boolean => schema.Default?.DeepClone() ?? false,
            JsonSchemaType.Integer or JsonSchemaType.Number => schema.Default?.DeepClone() ?? Number(schema),
            _ => schema.Format switch { "uuid" => Examples.Id, "date-time" => Examples.Time, _ => schema.Default?.DeepClone() ?? "text" },
        };
    }

    private JsonArray OfArray(IOpenApiSchema schema, string owner, string parent, int depth)
    {
        var within = _inList;
        _inList |= depth == 1;
        var items = new JsonArray(Of(schema.Items, owner, parent, depth + 1));
        _inList = within;
        return items;
    }

    private JsonObject OfObject(IOpenApiSchema schema, string name, string parent, int depth)
    {
        var made = new JsonObject();
        foreach (var (field, of) in schema.Properties ?? new Dictionary<string, IOpenApiSchema>())
        {
            // In a request what may be left out is left out, unless the example is about it. Lists leave out what only the one object shows.
            var required = schema.Required?.Contains(field) == true;
            var whole = _status.Length > 0 && !_inList && schema.AdditionalPropertiesAllowed && (of.Type?.HasFlag(JsonSchemaType.Array) == true || !MayBeNull(of));
            if (required || whole || Examples.Shows(name, field) && !(_inList && _status.Length > 0))
            {
                made[field] = OfField(of, name, parent, field, required, depth);
            }
        }

        if (made.Count == 0 && schema.AdditionalProperties is { } values)
        {
            made["COLOUR"] = Of(values, name, parent, depth + 1) is null ? null : "green";
        }

        return made;
    }

    private JsonNode? OfField(IOpenApiSchema of, string name, string parent, string field, bool required, int depth)
    {
        var nullable = MayBeNull(of);
        if (nullable && _status == "202" && field is "startedAt" or "completedAt" or "imageDigest" or "toDigest" or "fromDigest")
        {
            return null;
        }

        if (Examples.Find(name, parent, field, _status) is { } value && (value is JsonObject || Fits(of, value)))
        {
            return value;
        }

        return nullable && required ? null : Of(of, name, field, depth + 1);
    }

    private bool MayBeNull(IOpenApiSchema given)
    {
        var schema = given is OpenApiSchemaReference reference ? _schemas[reference.Reference.Id!] : given;
        return schema.Type?.HasFlag(JsonSchemaType.Null) == true
            || (schema.OneOf ?? schema.AnyOf)?.Any(choice => choice is not OpenApiSchemaReference && choice.Type is JsonSchemaType.Null) == true;
    }

    // A name may stand for another kind of thing elsewhere.
    private bool Fits(IOpenApiSchema given, JsonNode value)
    {
        var schema = given is OpenApiSchemaReference reference ? _schemas[reference.Reference.Id!] : given;
        if (schema.Enum is { Count: > 0 } words)
        {
            return words.Any(word => JsonNode.DeepEquals(word, value));
        }

        if ((schema.OneOf ?? schema.AnyOf)?.FirstOrDefault(choice => choice is OpenApiSchemaReference || choice.Type is not JsonSchemaType.Null) is { } choice)
        {
            return Fits(choice, value);
        }

        var type = (schema.Type ?? 0) & ~JsonSchemaType.Null;
        return value.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.String => type == JsonSchemaType.String,
            System.Text.Json.JsonValueKind.Number => type is JsonSchemaType.Integer or JsonSchemaType.Number,
            System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => type == JsonSchemaType.Boolean,
            _ => false,
        };
    }

    private static JsonNode Number(IOpenApiSchema schema) => int.TryParse(schema.Minimum, NumberStyles.Integer, CultureInfo.InvariantCulture, out var least) ? least : 0;
}
