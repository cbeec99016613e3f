using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using DeployHub.Contracts.Wire;

namespace DeployHub.ContractDocs;

/// <summary>JSON Schemas of messages as they stand on the wire, with the documentation comments of their types.</summary>
internal static class MessageSchemas
{
    public const string Dialect = "https://json-schema.org/draft/2020-12/schema";

    private static readonly XmlDocs Docs = new(typeof(WireWords).Assembly);

    /// <summary>What a message is, in a sentence or two.</summary>
    public static string Summary(Type message) => Docs.Of(message);

    /// <summary>The schema of a message's body, without the dialect.</summary>
    public static JsonObject Of(PublicMessage message)
    {
        // What is sent may leave out what has a default; what is published is always there.
        var options = new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true, TransformSchemaNode = (context, schema) => Complete(context, schema, message),
        };
        var json = new JsonSerializerOptions(WireWords.Json) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };
        json.MakeReadOnly(populateMissingResolver: true);
        return json.GetJsonSchemaAsNode(message.Type, options).AsObject();
    }

    private static JsonNode Complete(JsonSchemaExporterContext context, JsonNode node, PublicMessage message)
    {
        // A type with a converter of its own has no schema yet: «true».
        var schema = node as JsonObject ?? [];
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        var nullable = context.TypeInfo.Type != type || context.PropertyInfo is { IsGetNullable: true };
        if (type == typeof(DateTime))
        {
            (schema["type"], schema["format"]) = (nullable ? new JsonArray("string", "null") : "string", "date-time");
        }

        if (WordsOf(context, type) is { } words)
        {
            schema["type"] = nullable ? new JsonArray("string", "null") : "string";
            schema["enum"] = new JsonArray([.. Enum.GetNames(words).Select(word => (JsonNode)JsonNamingPolicy.SnakeCaseLower.ConvertName(word)), .. nullable ? [null] : Array.Empty<JsonNode?>()]);
        }
        else if (context.TypeInfo.Kind == JsonTypeInfoKind.Object)
        {
            var properties = context.TypeInfo.Properties;
            if (!message.IsCommand)
            {
                schema["required"] = new JsonArray([.. properties.Select(property => (JsonNode)property.Name)]);
            }
            else
            {
                schema["additionalProperties"] = false;
            }
        }

        // What an event's record can be made without is written nevertheless. A command's field that may be left out has what its record begins with.
        schema.Remove("default");
        if (message.IsCommand && context.PropertyInfo is { IsRequired: false } property && DefaultOf(property) is { } value)
        {
            schema["default"] = value;
        }

        var described = context.PropertyInfo is { AttributeProvider: PropertyInfo member } ? Docs.Of(member.DeclaringType!, member.Name)
            : context.TypeInfo.Kind == JsonTypeInfoKind.Object ? Docs.Of(type) : null;
        if (described is not null)
        {
            schema.Insert(0, "description", described);
        }

        return schema;
    }

    private static JsonNode? DefaultOf(JsonPropertyInfo property) =>
        JsonSerializer.SerializeToNode(property.Get!(Activator.CreateInstance(property.DeclaringType)!), property.PropertyType, WireWords.Json);

    private static Type? WordsOf(JsonSchemaExporterContext context, Type type) => type.IsEnum ? type
        : (context.PropertyInfo?.AttributeProvider as PropertyInfo)?.GetCustomAttribute<WordsOfAttribute>()?.Words;
}
