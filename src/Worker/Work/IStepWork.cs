using DeployHub.Domain.Deployments;

namespace DeployHub.Worker.Work;

/// <summary>What a worker does under a lease. It commits its own result, and ends the lease in the same transaction.</summary>
public interface IStepWork
{
    /// <summary>Makes it so, from whatever stands there. Repeated after a crash it goes on where the former try ended.</summary>
    /// <param name="claim">The lease.</param>
    /// <param name="lease">Cancelled as soon as the lease is not safely held any more: no engine call may outlive it.</param>
    Task Run(WorkClaim claim, CancellationToken lease);

    /// <summary>Ends the work as failed after it failed too often for a reason that nobody foresaw.</summary>
    Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease);
}

/// <summary>A lease on one piece of work.</summary>
/// <param name="Act">What is to be done.</param>
/// <param name="SubjectId">To which step or target; where all of a plan or a batch is concerned, its id.</param>
/// <param name="Owner">The process that holds it.</param>
public record WorkClaim(StepAct Act, Guid SubjectId, Guid Owner);
