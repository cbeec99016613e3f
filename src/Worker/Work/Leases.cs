using DeployHub.Persistence;
using DeployHub.Persistence.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Work;

internal static class Leases
{
    /// <summary>Proves the lease by a write in the caller's transaction, which also lengthens it: what follows has its whole time.</summary>
    public static async Task HoldLease(this DeployHubDb db, WorkClaim claim, CancellationToken ct)
    {
        if (await Lengthen(db.Held(claim), ct) != 1)
        {
            throw new LeaseLostException(claim.Act, claim.SubjectId);
        }
    }

    /// <summary>The same before the first change: it is made only if the plan was not stopped before this is committed.</summary>
    /// <exception cref="StepStoppedException">The plan was stopped; nothing may be touched any more.</exception>
    public static async Task HoldLeaseToTouch(this DeployHubDb db, WorkClaim claim, CancellationToken ct)
    {
        if (await Lengthen(db.Held(claim).Where(x => x.StopAt == null), ct) != 1)
        {
            await db.HoldLease(claim, ct);
            throw new StepStoppedException();
        }
    }

    /// <summary>The lease's row, as long as it is the claimer's.</summary>
    public static IQueryable<WorkItem> Held(this DeployHubDb db, WorkClaim claim) =>
        db.WorkItems.Where(x => x.SubjectId == claim.SubjectId && x.Act == claim.Act && x.Owner == claim.Owner && x.ClaimableAt > DateTime.UtcNow);

    private static Task<int> Lengthen(IQueryable<WorkItem> held, CancellationToken ct) =>
        held.ExecuteUpdateAsync(set => set.SetProperty(x => x.ClaimableAt, x => DateTime.UtcNow.AddSeconds(WorkClaims.Lease.TotalSeconds)), ct);
}

/// <summary>The work's plan was stopped before the work had changed anything.</summary>
public sealed class StepStoppedException() : Exception("The plan was stopped.");
