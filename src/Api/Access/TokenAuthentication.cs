using DeployHub.Api.Http;
using DeployHub.Contracts.Errors;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.Tokens;
using DeployHub.Intake;
using DeployHub.Intake.Tokens;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.Access;

/// <summary>Finds out who asks. The token is looked up at every request, so that revoking one takes effect at once.</summary>
internal sealed class TokenAuthentication(RequestDelegate next, TokenUse use)
{
    private const string Scheme = "Bearer ";

    private static readonly Refusal Unauthorized = new(
        401, ErrorCodes.Unauthorized, "A valid bearer token is needed.", "Authorization", "Send «Authorization: Bearer dhub_…».");

    public async Task InvokeAsync(HttpContext http, DeployHubDb db)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<RequiredRole>() is not { } required)
        {
            await next(http);
            return;
        }

        if (await FindToken(http, db) is not { } token)
        {
            await http.Refuse(Unauthorized);
            return;
        }

        use.Note(token);
        if (token.Role < required.Role)
        {
            await http.Refuse(new Refusal(
                403, ErrorCodes.ForbiddenRole, $"This needs the role {required.Role.Word()}; the token «{token.Name}» has {token.Role.Word()}."));
            return;
        }

        http.Features.Set(new Caller(token.Name, token.Id, token.Role, http.RequestId(), http.Connection.RemoteIpAddress?.ToString())
        {
            Key = IdempotencyHeader.Take(http),
        });
        await next(http);
    }

    private static async Task<ApiToken?> FindToken(HttpContext http, DeployHubDb db)
    {
        if (http.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var hash = TokenText.Hash(header[Scheme.Length..].Trim());
        var token = await db.ApiTokens.AsNoTracking().FirstOrDefaultAsync(x => x.Hash == hash, http.RequestAborted);
        return token is { RevokedAt: null } && (token.ExpiresAt is null || token.ExpiresAt > DateTime.UtcNow) ? token : null;
    }
}

internal static class Callers
{
    /// <summary>Who asks, on a route that requires a role.</summary>
    public static Caller Caller(this HttpContext http) => http.Features.Get<Caller>()
        ?? throw new InvalidOperationException("The route does not require a role.");
}
