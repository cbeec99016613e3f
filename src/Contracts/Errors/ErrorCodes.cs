namespace DeployHub.Contracts.Errors;

/// <summary>The eleven codes of the API's error envelope (source: the documents of the two main endpoints).</summary>
public static class ErrorCodes
{
    /// <summary>400, 405, 413 or 415: the request is malformed or fails validation; <c>field</c> names the input.</summary>
    public const string ValidationError = "VALIDATION_ERROR";

    /// <summary>400: a field that only the server sets was given.</summary>
    public const string ReadonlyField = "READONLY_FIELD";

    /// <summary>401: no token, or one that is unknown, expired or revoked.</summary>
    public const string Unauthorized = "UNAUTHORIZED";

    /// <summary>403: the token is not meant for this environment.</summary>
    public const string ForbiddenScope = "FORBIDDEN_SCOPE";

    /// <summary>403: the token's role does not permit this.</summary>
    public const string ForbiddenRole = "FORBIDDEN_ROLE";

    /// <summary>404: there is no such thing, or the caller may not see it.</summary>
    public const string NotFound = "NOT_FOUND";

    /// <summary>409 or 412: the request contradicts what is there.</summary>
    public const string Conflict = "CONFLICT";

    /// <summary>409: the idempotency key was used with another request.</summary>
    public const string IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED";

    /// <summary>429: too many requests.</summary>
    public const string RateLimited = "RATE_LIMITED";

    /// <summary>503: something that the request needs is down; try again after <c>Retry-After</c>.</summary>
    public const string ServiceUnavailable = "SERVICE_UNAVAILABLE";

    /// <summary>500: a fault in DeployHub; quote the request id.</summary>
    public const string Internal = "INTERNAL";
}
