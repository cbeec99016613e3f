using DeployHub.Domain.Deployments;

namespace DeployHub.Persistence.Work;

/// <summary>
/// Work on engines that is still to be done, and the lease of the worker that is at it. The row is written with the command and
/// deleted with the result, so a row that stands is work outstanding.
/// </summary>
public class WorkItem
{
    /// <summary>The step; for <see cref="StepAct.Prepare"/> the plan.</summary>
    public Guid SubjectId { get; init; }

    public StepAct Act { get; init; }
    public Guid PlanId { get; init; }

    /// <summary>The worker process that holds it, if any.</summary>
    public Guid? Owner { get; set; }

    /// <summary>From when on any worker may take it, by the database's clock: at once, after a pause, or when the owner's lease runs out.</summary>
    public DateTime ClaimableAt { get; set; }

    /// <summary>How often it was taken up.</summary>
    public int Attempts { get; set; }

    /// <summary>Set when its plan was stopped: where the work is to end before it is done. A worker that takes it over heeds it, too.</summary>
    public StopPoint? StopAt { get; set; }
}

/// <summary>Where work whose plan was stopped ends.</summary>
public enum StopPoint
{
    /// <summary>Only before its first change; once that is made it is seen through.</summary>
    BeforeTouch,

    /// <summary>As soon as it can: what it changed will be taken back.</summary>
    Anywhere,
}
