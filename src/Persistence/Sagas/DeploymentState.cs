using MassTransit;

namespace DeployHub.Persistence.Sagas;

/// <summary>One running deployment plan as its state machine sees it. Small, whatever the number of steps: those are rows.</summary>
public class DeploymentState : SagaStateMachineInstance, IVersioned
{
    /// <summary>The plan's id.</summary>
    public Guid CorrelationId { get; set; }

    public string CurrentState { get; set; } = "";
    public int Version { get; set; }
    public int Total { get; set; }
    public int MaxParallel { get; set; }
    public bool AutoRollback { get; set; }

    /// <summary>Deploying: the order of the next step to send. Rolling back: one above the next to send. Finalizing: the next.</summary>
    public int NextOrder { get; set; }

    public int InFlight { get; set; }

    /// <summary>The number of the last public event.</summary>
    public int Sequence { get; set; }

    /// <summary>Calls the plan's deadline off.</summary>
    public Guid? DeadlineToken { get; set; }
}

/// <summary>A saga whose row counts its versions, so that two writers never both win.</summary>
public interface IVersioned
{
    int Version { get; set; }
}
