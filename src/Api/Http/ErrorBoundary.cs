using DeployHub.Persistence;
using System.Globalization;
using DeployHub.Contracts.Errors;
using DeployHub.Intake;

namespace DeployHub.Api.Http;

/// <summary>Where every surprise ends: the caller gets the envelope without details, the log gets them under the request's id.</summary>
internal sealed partial class ErrorBoundary(RequestDelegate next, ILogger<ErrorBoundary> log)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone; nobody reads an answer.
            http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            var refusal = Explain(e, http);
            http.Response.Clear();
            RequestIds.Stamp(http);
            await http.Refuse(refusal);
        }
    }

    /// <summary>For what the server answers without a body of its own: no route, wrong method, wrong content type.</summary>
    public static Task Complete(HttpContext http)
    {
        var allow = http.Response.Headers.Allow.ToString();
        if (http.Response.StatusCode == StatusCodes.Status405MethodNotAllowed)
        {
            allow = (allow.Contains("GET", StringComparison.Ordinal) ? allow + ", HEAD" : allow) + ", OPTIONS";
            http.Response.Headers.Allow = allow;
            if (HttpMethods.IsOptions(http.Request.Method))
            {
                http.Response.StatusCode = StatusCodes.Status204NoContent;
                return Task.CompletedTask;
            }
        }

        return http.Refuse(http.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => new Refusal(
                404, ErrorCodes.NotFound, "There is nothing at this address.", null, "GET /openapi.json lists what there is; ids are UUIDs."),
            StatusCodes.Status405MethodNotAllowed => new Refusal(
                405, ErrorCodes.ValidationError, $"This address does not take the method {http.Request.Method}.", null, $"It takes {allow}."),
            StatusCodes.Status415UnsupportedMediaType => Body.WrongContentType,
            StatusCodes.Status413PayloadTooLarge => Body.TooLarge,
            var status and >= 500 => new Refusal(status, ErrorCodes.Internal, "Something went wrong in DeployHub.", null, "Quote the request id."),
            var status => new Refusal(status, ErrorCodes.ValidationError, "The request cannot be understood."),
        });
    }

    private Refusal Explain(Exception e, HttpContext http)
    {
        if (e is BadHttpRequestException bad)
        {
            return bad.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? Body.TooLarge
                : new Refusal(bad.StatusCode, ErrorCodes.ValidationError, "The request cannot be read as HTTP.");
        }

        if (DatabaseOutage.Is(e))
        {
            DatabaseUnavailable(e, http.RequestId());
            return Refusal.Unavailable("The database cannot be reached. Nothing was changed unless an answer said so; try again.");
        }

        Failed(e, http.Request.Method, http.RequestId());
        return new Refusal(500, ErrorCodes.Internal, "Something went wrong in DeployHub.", null, string.Create(
            CultureInfo.InvariantCulture, $"Its log has the details under the request id {http.RequestId()}."));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} failed, request {RequestId}")]
    private partial void Failed(Exception e, string method, string requestId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is unavailable, request {RequestId}")]
    private partial void DatabaseUnavailable(Exception e, string requestId);
}
