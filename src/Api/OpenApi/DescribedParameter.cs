using System.Text.Json.Nodes;
using DeployHub.Api.Http;
using DeployHub.Contracts.Wire;
using Microsoft.OpenApi;

namespace DeployHub.Api.OpenApi;

/// <summary>A parameter that the handler reads itself. The query takes no others than those that are described.</summary>
internal sealed record DescribedParameter(string Name, bool InHeader, string Description)
{
    public OpenApiSchema Schema { get; init; } = new() { Type = JsonSchemaType.String };

    public JsonNode? Example { get; init; }

    /// <summary>A filter that takes a text.</summary>
    public static DescribedParameter Text(string name, string description, string example) => new(name, InHeader: false, description) { Example = example };

    /// <summary>A filter that takes an id.</summary>
    public static DescribedParameter Id(string name, string description) => new(name, InHeader: false, description)
    {
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uuid" }, Example = Examples.Id,
    };

    /// <summary>A filter that takes one of the words of an enum.</summary>
    public static DescribedParameter Word<TEnum>(string name, string description) where TEnum : struct, Enum => new(name, InHeader: false, description)
    {
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. Enum.GetValues<TEnum>().Select(word => (JsonNode)word.Word())] },
        Example = Enum.GetValues<TEnum>()[0].Word(),
    };

    /// <summary>The times that a list can be narrowed to.</summary>
    public static DescribedParameter[] Created { get; } =
    [
        Time(Filters.CreatedAfter, "Only those that were created at this time or later."),
        Time(Filters.CreatedBefore, "Only those that were created before this time."),
    ];

    /// <summary>A filter that takes a time.</summary>
    public static DescribedParameter Time(string name, string description) => new(name, InHeader: false, description)
    {
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time" }, Example = Examples.Time,
    };
}
