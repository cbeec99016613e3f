using DeployHub.Api.Http;
using DeployHub.Contracts.Errors;
using DeployHub.Intake;
using DeployHub.Intake.Access;

namespace DeployHub.Api.Access;

/// <summary>
/// Finds out who asks, and whether it may: the one place where a route's row of the <see cref="AccessTable"/> is held. The token is looked up at
/// every request, so that revoking one takes effect at once. What is refused is noted for the audit log.
/// </summary>
internal sealed class TokenAuthentication(RequestDelegate next, TokenUse use, RateLimits limits, RefusedTries tries)
{
    private const string Scheme = "Bearer ";

    private static readonly Refusal Unauthorized = new(
        401, ErrorCodes.Unauthorized, "A valid bearer token is needed.", "Authorization", "Send «Authorization: Bearer dhub_…».");

    public async Task InvokeAsync(HttpContext http, TokenCheck tokens, AccessCheck access)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<AccessRow>() is not { Role: not null } row)
        {
            await next(http);
            return;
        }

        if (limits.Ask(http) is { } tooMany)
        {
            await http.Refuse(tooMany);
            return;
        }

        var text = TextOf(http);
        var shown = text is null ? null : await tokens.Find(text, http.RequestAborted);
        if (shown is not { Problem: null })
        {
            await http.Refuse(text is null ? Unauthorized : limits.Fail(http) ?? Note(http, row, shown));
            return;
        }

        use.Note(shown.Token);
        if (limits.Ask(http, shown.Token.Id) is { } tooOften)
        {
            await http.Refuse(tooOften);
            return;
        }

        var caller = Caller.Of(shown.Account, shown.Token, http.RequestId(), AddressOf(http));
        if (await access.Check(caller, row, IdOf(http, row), http.RequestAborted) is { } denied)
        {
            tries.Note(RefusedTry.Of(caller, row.Action, denied.Refusal, IdOf(http, row), denied.EnvironmentId));
            await http.Refuse(denied.Refusal);
            return;
        }

        http.Features.Set(caller with { Key = IdempotencyHeader.Take(http) });
        await next(http);
        if (!HttpMethods.IsGet(http.Request.Method) && http.Features.Get<Refusal>() is { Status: >= 400 and < 500 } refusal)
        {
            tries.Note(RefusedTry.Of(caller, row.Action, refusal, IdOf(http, row), row.Noun == Noun.Environment ? IdOf(http, row) : null));
        }
    }

    // The caller is not told which it was: that is for the audit log.
    private Refusal Note(HttpContext http, AccessRow row, ShownToken? shown)
    {
        tries.Note(new RefusedTry(
            shown?.Token.Name ?? "(unknown)", shown?.Token.Id, shown?.Account.Id, shown?.Account.Name, row.Action, IdOf(http, row), null, ErrorCodes.Unauthorized,
            $"The token {shown?.Problem ?? "is not known"}.", http.RequestId(), AddressOf(http)));
        return Unauthorized;
    }

    private static string? TextOf(HttpContext http) =>
        http.Request.Headers.Authorization is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;

    private static string? AddressOf(HttpContext http) => http.Connection.RemoteIpAddress is not { } address ? null
        : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    private static Guid? IdOf(HttpContext http, AccessRow row) =>
        row.IdParameter is { } parameter && Guid.TryParse((string?)http.Request.RouteValues[parameter], out var id) ? id : null;
}

internal static class Callers
{
    /// <summary>Who asks, on a route that needs a token.</summary>
    public static Caller Caller(this HttpContext http) => http.Features.Get<Caller>()
        ?? throw new InvalidOperationException("The route is open: it has no caller.");
}
