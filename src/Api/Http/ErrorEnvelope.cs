using System.Text.Json;
using System.Text.Json.Serialization;
using DeployHub.Contracts.Wire;
using DeployHub.Intake;

namespace DeployHub.Api.Http;

/// <summary>What every error says.</summary>
internal sealed record ErrorEnvelope(
    string Code,
    string Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Field,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Hint,
    string RequestId);

/// <summary>A refusal as an answer.</summary>
internal sealed class Refused(Refusal refusal) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.Refuse(refusal);
}

internal static class Refusing
{
    private const int UnavailableRetrySeconds = 5;

    public static Refused Answer(this Refusal refusal) => new(refusal);

    /// <summary>Writes the envelope, and the headers that go with the status. Leaves the refusal with the request, for the audit log.</summary>
    public static Task Refuse(this HttpContext http, Refusal refusal)
    {
        var response = http.Response;
        http.Features.Set(refusal);
        response.StatusCode = refusal.Status;
        if (refusal.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }
        else if (refusal.Status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests)
        {
            response.Headers.RetryAfter = UnavailableRetrySeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        else if (refusal.Status == StatusCodes.Status413PayloadTooLarge && HttpProtocol.IsHttp11(http.Request.Protocol))
        {
            // The rest of the body is never read, so nothing more can come over this connection: the caller must not try.
            response.Headers.Connection = "close";
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(
            new ErrorEnvelope(refusal.Code, refusal.Message, refusal.Field, refusal.Hint, http.RequestId()), WireWords.Json);
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }
}
