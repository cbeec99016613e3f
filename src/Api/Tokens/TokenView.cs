using System.ComponentModel;
using DeployHub.Domain.Tokens;

namespace DeployHub.Api.Tokens;

internal sealed record NewTokenAnswer(
    TokenView Token, [property: Description("The token's text, in this answer only: it is not stored. Null when the request is repeated under its idempotency key.")] string? Secret);

internal sealed record TokenList(List<TokenView> Tokens, string? NextCursor);

internal sealed record TokenView(
    Guid Id,
    string Name,
    [property: Description("The account that it is for.")] Guid AccountId,
    [property: Description("What it may do, as far as its account may.")] Role Role,
    [property: Description("The environments that it is for; null: all that its account sees.")] List<Guid>? EnvironmentIds,
    DateTime CreatedAt,
    DateTime? ExpiresAt,
    DateTime? RevokedAt,
    [property: Description("To the minute.")] DateTime? LastUsedAt)
{
    public static TokenView Of(ApiToken x) => new(x.Id, x.Name, x.AccountId, x.Role, x.EnvironmentIds, x.CreatedAt, x.ExpiresAt, x.RevokedAt, x.LastUsedAt);
}
