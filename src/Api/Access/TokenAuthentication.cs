using DeployHub.Api.Http;
using DeployHub.Contracts.Errors;
using DeployHub.Contracts.Wire;
using DeployHub.Intake;
using DeployHub.Intake.Access;

namespace DeployHub.Api.Access;

/// <summary>Finds out who asks. The token is looked up at every request, so that revoking one takes effect at once.</summary>
internal sealed class TokenAuthentication(RequestDelegate next, TokenUse use)
{
    private const string Scheme = "Bearer ";

    private static readonly Refusal Unauthorized = new(
        401, ErrorCodes.Unauthorized, "A valid bearer token is needed.", "Authorization", "Send «Authorization: Bearer dhub_…».");

    public async Task InvokeAsync(HttpContext http, TokenCheck tokens)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<RequiredRole>() is not { } required)
        {
            await next(http);
            return;
        }

        if (TextOf(http) is not { } text || await tokens.Find(text, http.RequestAborted) is not { Problem: null } shown)
        {
            await http.Refuse(Unauthorized);
            return;
        }

        use.Note(shown.Token);
        var caller = Caller.Of(shown.Account, shown.Token, http.RequestId(), http.Connection.RemoteIpAddress?.ToString());
        if (caller.Role < required.Role)
        {
            await http.Refuse(new Refusal(
                403, ErrorCodes.ForbiddenRole, $"This needs the role {required.Role.Word()}; the token «{caller.Name}» has {caller.Role.Word()}."));
            return;
        }

        http.Features.Set(caller with { Key = IdempotencyHeader.Take(http) });
        await next(http);
    }

    private static string? TextOf(HttpContext http) =>
        http.Request.Headers.Authorization is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
}

internal static class Callers
{
    /// <summary>Who asks, on a route that requires a role.</summary>
    public static Caller Caller(this HttpContext http) => http.Features.Get<Caller>()
        ?? throw new InvalidOperationException("The route does not require a role.");
}
