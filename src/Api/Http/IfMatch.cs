using System.Globalization;
using DeployHub.Intake;
using Microsoft.Net.Http.Headers;

namespace DeployHub.Api.Http;

/// <summary>Versions as ETags, and the caller's word on which one it means to change.</summary>
internal static class IfMatch
{
    public static void Tag(HttpContext http, int version) => http.Response.Headers.ETag = TagOf(version);

    /// <summary>Whether a version is one that the caller names; null when it names none. What is no ETag is refused, since it was meant to protect.</summary>
    public static Result<Condition> Read(HttpContext http)
    {
        var header = http.Request.Headers.IfMatch;
        if (header.Count == 0)
        {
            return new Condition(null);
        }

        if (!EntityTagHeaderValue.TryParseStrictList(header.ToList()!, out var tags) || tags.Count == 0)
        {
            return Refusal.Invalid("If-Match", "must be an ETag that was read, with its quotes, or «*».");
        }

        return new Condition(version => tags.Any(tag =>
            tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(new EntityTagHeaderValue(TagOf(version)), useStrongComparison: true)));
    }

    private static string TagOf(int version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>What If-Match asks for.</summary>
    internal sealed record Condition(Func<int, bool>? Holds);
}
