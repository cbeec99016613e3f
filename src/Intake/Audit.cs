using DeployHub.Domain.Tokens;
using DeployHub.Persistence;

namespace DeployHub.Intake;

internal static class Audit
{
    /// <summary>Writes down who did what, under which key it may be repeated, and the answer where nobody waits for it; call it once in the transaction that does it.</summary>
    public static void Record(
        this DeployHubDb db, Caller caller, string action, Guid targetId, Guid? environmentId = null, string? detail = null)
    {
        db.Keep(caller.Ticket, targetId);
        caller.Receipt?.Write(db, targetId);
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
