using DeployHub.Domain.Tokens;
using DeployHub.Persistence;

namespace DeployHub.Intake;

internal static class Audit
{
    /// <summary>Writes down who did what, and under which key it may be repeated; call it once in the transaction that does it.</summary>
    public static void Record(
        this DeployHubDb db, Caller caller, string action, Guid targetId, Guid? environmentId = null, string? detail = null)
    {
        db.Keep(caller.Ticket, targetId);
        db.AuditEntries.Add(new AuditEntry
        {
            Id = Guid.CreateVersion7(),
            At = DateTime.UtcNow,
            Actor = caller.Name,
            TokenId = caller.TokenId,
            AccountId = caller.AccountId,
            Account = caller.AccountName,
            Action = action,
            TargetId = targetId,
            EnvironmentId = environmentId,
            Detail = detail,
            RequestId = caller.RequestId,
            RemoteAddress = caller.RemoteAddress,
        });
    }
}
