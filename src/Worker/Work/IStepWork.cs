using DeployHub.Domain.Deployments;
using DeployHub.Persistence.Work;

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
public record WorkClaim(StepAct Act, Guid SubjectId, Guid Owner)
{
    /// <summary>Tells the run that its plan was stopped.</summary>
    public StopSignal Stop { get; } = new();
}

/// <summary>Tells a run that its plan was stopped, some seconds after it was. What must not be overtaken asks the lease's row.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Design", "CA1001", Justification = "Sources without timer and wait handle hold nothing to be freed, and the heartbeat may tell a run that ends in that moment.")]
public sealed class StopSignal
{
    private readonly CancellationTokenSource _beforeTouch = new();
    private readonly CancellationTokenSource _anywhere = new();

    /// <summary>Cancelled when the work is to end unless it has changed something.</summary>
    public CancellationToken BeforeTouch => _beforeTouch.Token;

    /// <summary>Cancelled when it is to end although it has.</summary>
    public CancellationToken Anywhere => _anywhere.Token;

    public void Tell(StopPoint point)
    {
        _beforeTouch.Cancel();
        if (point == StopPoint.Anywhere)
        {
            _anywhere.Cancel();
        }
    }
}
