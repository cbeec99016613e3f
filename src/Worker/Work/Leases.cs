using DeployHub.Persistence;
using DeployHub.Persistence.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Work;

internal static class Leases
{
    /// <summary>Proves the lease by a write in the caller's transaction, which also lengthens it: what follows has its whole time.</summary>
    public static async Task HoldLease(this DeployHubDb db, WorkClaim claim, CancellationToken ct)
    {
        var held = await db.WorkItems.Where(x => x.SubjectId == claim.SubjectId && x.Act == claim.Act && x.Owner == claim.Owner && x.ClaimableAt > DateTime.UtcNow)
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.ClaimableAt, x => DateTime.UtcNow.AddSeconds(WorkClaims.Lease.TotalSeconds)), ct);
        if (held != 1)
        {
            throw new LeaseLostException(claim.Act, claim.SubjectId);
        }
    }
}
