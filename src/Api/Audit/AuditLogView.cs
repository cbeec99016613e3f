using System.ComponentModel;
using DeployHub.Domain.Tokens;

namespace DeployHub.Api.Audit;

internal sealed record AuditLogList(List<AuditLogView> AuditLogs, string? NextCursor);

internal sealed record AuditLogView(
    Guid Id,
    DateTime At,
    [property: Description("The name of the caller's token, or of its account where it needed no token.")] string Actor,
    Guid? TokenId,
    Guid? AccountId,
    [property: Description("The account's name.")] string? Account,
    [property: Description("Noun and verb, as in service.update; docs/permissions.md lists them.")] string Action,
    Guid? TargetId,
    Guid? EnvironmentId,
    AuditResult Result,
    [property: Description("Why it was refused.")] string? ErrorCode,
    [property: Description("How many tries the entry stands for: the same refused one again within a minute is only counted.")] int Tries,
    string? Detail,
    string? RequestId,
    string? RemoteAddress)
{
    public static AuditLogView Of(AuditEntry x) => new(
        x.Id, x.At, x.Actor, x.TokenId, x.AccountId, x.Account, x.Action, x.TargetId, x.EnvironmentId, x.Result, x.ErrorCode, x.Tries, x.Detail, x.RequestId,
        x.RemoteAddress);
}
