using DeployHub.Domain.Deployments;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Persistence.Work;

/// <summary>Leases on work: taken, kept alive and given back, always by the database's clock.</summary>
public static class WorkClaims
{
    /// <summary>How long a lease lasts without a heartbeat.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(12);

    /// <summary>Adds work to be done; call it in the transaction that sends the command.</summary>
    public static void AddWork(this DeployHubDb db, StepAct act, Guid subjectId, Guid planId) =>
        db.WorkItems.Add(new WorkItem { Act = act, SubjectId = subjectId, PlanId = planId, ClaimableAt = DateTime.UtcNow });

    /// <summary>Takes the lease if it is free. False: another has it, or the work is done.</summary>
    public static async Task<bool> Claim(this DeployHubDb db, StepAct act, Guid subjectId, Guid owner, CancellationToken ct) =>
        await db.InOneStatement(
            () => db.WorkItems
                .Where(x => x.SubjectId == subjectId && x.Act == act && (x.Owner == null || x.ClaimableAt <= DateTime.UtcNow))
                .ExecuteUpdateAsync(
                    set => set
                        .SetProperty(x => x.Owner, owner)
                        .SetProperty(x => x.Attempts, x => x.Attempts + 1)
                        .SetProperty(x => x.ClaimableAt, x => DateTime.UtcNow.AddSeconds(Lease.TotalSeconds)),
                    ct),
            ct) == 1;

    /// <summary>
    /// Extends the leases of this owner on <paramref name="subjects"/> that have not run out, and says which those are, and which are to
    /// stop. What the owner is
    /// not at any more (paused, or its run ended while the database was away) is left to run out, so that it is taken up again.
    /// </summary>
    public static async Task<List<HeldWork>> Heartbeat(this DeployHubDb db, Guid owner, List<Guid> subjects, CancellationToken ct)
    {
        var held = new List<HeldWork>();
        await db.InTransaction(
            async () =>
            {
                await db.WorkItems.Where(x => x.Owner == owner && subjects.Contains(x.SubjectId) && x.ClaimableAt > DateTime.UtcNow)
                    .ExecuteUpdateAsync(set => set.SetProperty(x => x.ClaimableAt, x => DateTime.UtcNow.AddSeconds(Lease.TotalSeconds)), ct);
                held = await db.WorkItems.Where(x => x.Owner == owner && subjects.Contains(x.SubjectId) && x.ClaimableAt > DateTime.UtcNow)
                    .Select(x => new HeldWork(x.SubjectId, x.Act, x.StopAt)).ToListAsync(ct);
            },
            ct);
        return held;
    }

    /// <summary>Ends every lease at once. Only for the embedded shape at its start: the one process that could hold them is dead.</summary>
    public static Task EndLeasesOfTheDead(this DeployHubDb db, CancellationToken ct) => db.InTransaction(
        () => db.WorkItems.Where(x => x.Owner != null)
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.ClaimableAt, x => DateTime.UtcNow).SetProperty(x => x.Owner, (Guid?)null), ct),
        ct);

    /// <summary>Work whose time has come: never taken, paused long enough, or left by a worker that went silent. The oldest first.</summary>
    public static Task<List<OutstandingWork>> Claimable(this DeployHubDb db, int most, CancellationToken ct) =>
        db.Outstanding(db.WorkItems.Where(x => x.ClaimableAt <= DateTime.UtcNow).OrderBy(x => x.ClaimableAt).Take(most)).ToListAsync(ct);

    /// <summary>What is outstanding of this kind for the subject; null when it is done.</summary>
    public static Task<OutstandingWork?> FindOutstanding(this DeployHubDb db, StepAct act, Guid subjectId, CancellationToken ct) =>
        db.Outstanding(db.WorkItems.Where(x => x.SubjectId == subjectId && x.Act == act)).SingleOrDefaultAsync(ct);

    /// <summary>When the next lease or pause ends, or null when there is no work at all.</summary>
    public static Task<DateTime?> NextClaimableAt(this DeployHubDb db, CancellationToken ct) =>
        db.WorkItems.AsNoTracking().MinAsync(x => (DateTime?)x.ClaimableAt, ct);

    /// <summary>
    /// Ends the work in the caller's transaction. Throws <see cref="LeaseLostException"/> when the lease is no longer this owner's, so
    /// that a late result is never stored over the one of the worker that took over.
    /// </summary>
    public static async Task EndWork(this DeployHubDb db, StepAct act, Guid subjectId, Guid owner, CancellationToken ct)
    {
        if (await db.WorkItems.Where(x => x.SubjectId == subjectId && x.Act == act && x.Owner == owner).ExecuteDeleteAsync(ct) != 1)
        {
            throw new LeaseLostException(act, subjectId);
        }
    }

    /// <summary>Gives the lease back; any worker may take the work up after <paramref name="pause"/>.</summary>
    public static Task GiveBack(this DeployHubDb db, StepAct act, Guid subjectId, Guid owner, TimeSpan pause, CancellationToken ct) =>
        db.InTransaction(
            () => db.WorkItems.Where(x => x.SubjectId == subjectId && x.Act == act && x.Owner == owner)
                .ExecuteUpdateAsync(
                    set => set
                        .SetProperty(x => x.ClaimableAt, x => DateTime.UtcNow.AddSeconds(pause.TotalSeconds))
                        .SetProperty(x => x.Owner, x => pause > TimeSpan.Zero ? owner : null),
                    ct),
            ct);

    // Only a deploy asks the registry; a rollback does so where an image was removed by hand.
    private static IQueryable<OutstandingWork> Outstanding(this DeployHubDb db, IQueryable<WorkItem> work) => work.Select(x => new OutstandingWork(
        x.SubjectId,
        x.Act,
        x.Attempts,
        x.StopAt,
        db.Steps.Where(step => step.Id == x.SubjectId).Select(step => (Guid?)step.ServerId).FirstOrDefault()
            ?? db.SyncTargets.Where(target => target.Id == x.SubjectId).Select(target => (Guid?)target.ServerId).FirstOrDefault(),
        x.Act == StepAct.Deploy ? db.Plans.Where(plan => plan.Id == x.PlanId).Select(plan => plan.ImageName).FirstOrDefault() : null));
}

/// <summary>Work that is still to be done, and where.</summary>
/// <param name="SubjectId">The step or target; of what concerns all of a plan or batch, its id.</param>
/// <param name="Act">What is to be done.</param>
/// <param name="Attempts">How often it was taken up.</param>
/// <param name="StopAt">Set when its plan was stopped.</param>
/// <param name="ServerId">On which server; null for what concerns all of a plan or batch.</param>
/// <param name="ImageName">What is deployed there, if anything.</param>
public record OutstandingWork(Guid SubjectId, StepAct Act, int Attempts, StopPoint? StopAt, Guid? ServerId, string? ImageName);

/// <summary>A lease that was extended, and where its work is to stop.</summary>
public record HeldWork(Guid SubjectId, StepAct Act, StopPoint? StopAt);

/// <summary>The work was taken over by another worker while this one was silent.</summary>
public sealed class LeaseLostException(StepAct act, Guid subjectId)
    : Exception($"The lease on '{act}' of {subjectId} was lost; another worker has taken it over.");
