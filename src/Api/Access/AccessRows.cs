using DeployHub.Intake.Access;

namespace DeployHub.Api.Access;

/// <summary>Gives each route its row of the <see cref="AccessTable"/>.</summary>
internal static class AccessRows
{
    private static readonly Dictionary<string, AccessRow> ByName = AccessTable.Routes.ToDictionary(row => row.Name);

    /// <summary>For all routes that are mapped on it: each must have a row.</summary>
    public static RouteGroupBuilder MapWithAccess(this IEndpointRouteBuilder app)
    {
        var routes = app.MapGroup("");
        ((IEndpointConventionBuilder)routes).Add(endpoint =>
        {
            foreach (var name in NamesOf((RouteEndpointBuilder)endpoint))
            {
                endpoint.Metadata.Add(ByName.GetValueOrDefault(name) ?? throw new InvalidOperationException(
                    $"The route «{name}» has no row in src/Intake/Access/AccessTable.cs, which must say who may use it."));
            }
        });
        return routes;
    }

    /// <summary>Builds every route now, so that one without a row does not wait for its first request, and looks for rows that are left over.</summary>
    /// <exception cref="InvalidOperationException">A route has no row, or a row no route.</exception>
    public static void CheckAccess(this IEndpointRouteBuilder app)
    {
        var used = app.DataSources.SelectMany(source => source.Endpoints).SelectMany(endpoint => endpoint.Metadata.OfType<AccessRow>()).ToHashSet();
        if (AccessTable.Routes.FirstOrDefault(row => !used.Contains(row)) is { } idle)
        {
            throw new InvalidOperationException($"The row «{idle.Name}» of src/Intake/Access/AccessTable.cs belongs to no route. Remove it, or map the route.");
        }
    }

    private static IEnumerable<string> NamesOf(RouteEndpointBuilder route)
    {
        var path = "/" + string.Join('/', route.RoutePattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part => part switch
        {
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal => literal.Content,
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart parameter => $"{{{parameter.Name}}}",
            _ => throw new InvalidOperationException($"The route «{route.RoutePattern.RawText}» has a part that the access table cannot name."),
        }))));
        return route.Metadata.OfType<HttpMethodMetadata>().Single().HttpMethods.Select(method => $"{method} {path}");
    }
}
