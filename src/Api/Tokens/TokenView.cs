using System.ComponentModel;
using DeployHub.Domain.Tokens;

namespace DeployHub.Api.Tokens;

internal sealed record NewTokenAnswer(
    TokenView Token, [property: Description("The token's text, in this answer only: it is not stored. Null when the request is repeated under its idempotency key.")] string? Secret);

internal sealed record TokenList(List<TokenView> Tokens, string? NextCursor);

internal sealed record TokenView(
    Guid Id,
    string Name,
    Role Role,
    DateTime CreatedAt,
    DateTime? ExpiresAt,
    DateTime? RevokedAt,
    [property: Description("To the minute.")] DateTime? LastUsedAt)
{
    public static TokenView Of(ApiToken x) => new(x.Id, x.Name, x.Role, x.CreatedAt, x.ExpiresAt, x.RevokedAt, x.LastUsedAt);
}

internal sealed record AuditLogList(List<AuditLogView> AuditLogs, string? NextCursor);

internal sealed record AuditLogView(
    Guid Id,
    DateTime At,
    [property: Description("The name of the caller's token.")] string Actor,
    [property: Description("Noun and verb, as in service.update.")] string Action,
    Guid? TargetId,
    Guid? EnvironmentId,
    string? Detail,
    string? RequestId,
    string? RemoteAddress)
{
    public static AuditLogView Of(AuditEntry x) => new(x.Id, x.At, x.Actor, x.Action, x.TargetId, x.EnvironmentId, x.Detail, x.RequestId, x.RemoteAddress);
}
