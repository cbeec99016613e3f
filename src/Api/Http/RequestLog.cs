using System.Diagnostics;

namespace DeployHub.Api.Http;

/// <summary>On a request that wants the headers alone.</summary>
internal sealed record HeadOnly;

/// <summary>The outermost part: settles the request's id and logs one line when it is answered. Polls of the health are not logged.</summary>
internal sealed partial class RequestLog(RequestDelegate next, ILogger<RequestLog> log)
{
    public async Task InvokeAsync(HttpContext http)
    {
        RequestIds.Settle(http);
        http.Response.Headers.XContentTypeOptions = "nosniff";
        var start = Stopwatch.GetTimestamp();

        // As asked for: the routes only know GET, and the server leaves the body of an answer to HEAD out.
        var method = http.Request.Method;
        if (HttpMethods.IsHead(method))
        {
            http.Request.Method = HttpMethods.Get;
            http.Features.Set(new HeadOnly());
        }

        await next(http);
        if (!http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal))
        {
            var route = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)";
            var (elapsed, requestId) = (Stopwatch.GetElapsedTime(start), http.RequestId());
            Answered(method, route, http.Response.StatusCode, elapsed.TotalMilliseconds, requestId);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Method} {Route} {Status} in {Milliseconds:0.0} ms, request {RequestId}")]
    private partial void Answered(string method, string route, int status, double milliseconds, string requestId);
}
