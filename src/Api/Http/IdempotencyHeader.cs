using DeployHub.Api.OpenApi;
using DeployHub.Intake;

namespace DeployHub.Api.Http;

/// <summary>The key of a POST, and the header that says that it was a repeated one. The Intake does the rest.</summary>
internal static class IdempotencyHeader
{
    private const string Name = "Idempotency-Key";

    public static readonly DescribedParameter Parameter = new(
        Name, InHeader: true, "1 to 200 characters. The same key and body again are not done again, and answer with what was made, as it is now; kept for 24 hours.");

    public static RequestKey? Take(HttpContext http)
    {
        if (!HttpMethods.IsPost(http.Request.Method) || !http.Request.Headers.TryGetValue(Name, out var given))
        {
            return null;
        }

        var key = new RequestKey(given.ToString());
        http.Response.OnStarting(() =>
        {
            if (key.Replayed)
            {
                http.Response.Headers["Idempotent-Replayed"] = "true";
            }

            return Task.CompletedTask;
        });
        return key;
    }
}
