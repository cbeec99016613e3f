using DeployHub.Api.OpenApi;
using DeployHub.Intake;

namespace DeployHub.Api.Http;

/// <summary>
/// A parameter of the query that the route does not have is refused by name, as an unknown property of a body is: a mistyped filter would
/// show too much, a mistyped <c>dryRun</c> would do what was only to be looked at.
/// </summary>
internal sealed class KnownParameters(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (http.Request.Query.Count == 0 || !http.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) || http.GetEndpoint() is not { } route)
        {
            return next(http);
        }

        var known = route.Metadata.GetOrderedMetadata<DescribedParameter>().Where(parameter => !parameter.InHeader).Select(parameter => parameter.Name).ToList();
        return http.Request.Query.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown
            ? http.Refuse(Refusal.Invalid(
                unknown, "is not a parameter of this address.", known.Count == 0 ? "It takes none." : $"It takes {string.Join(", ", known)}; names are exact, also in upper and lower case."))
            : next(http);
    }
}
