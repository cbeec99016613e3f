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

    /// <summary>The plan holds all its locks.</summary>
    public bool HoldsTargets { get; set; }

    /// <summary>Deploying and cleaning up: the order of the next step to send. Rolling back: one above the next to send.</summary>
    public int NextOrder { get; set; }

    public int InFlight { get; set; }
    public int Succeeded { get; set; }

    /// <summary>Steps that failed; 1 as well when the plan's time ran out.</summary>
    public int Failed { get; set; }

    /// <summary>Steps that changed something on an engine.</summary>
    public int Touched { get; set; }

    /// <summary>Steps that could not be brought back.</summary>
    public int NotRestored { get; set; }

    /// <summary>Someone asked to take the plan back while it was still cleaning up.</summary>
    public bool RollbackWanted { get; set; }

    /// <summary>The number of the last public event.</summary>
    public int Sequence { get; set; }

    /// <summary>Calls the plan's deadline off.</summary>
    public Guid? DeadlineToken { get; set; }

    /// <summary>The plan is to stop. Not stored here: each message reads it from the plan's row.</summary>
    public bool Stopped { get; set; }

    /// <summary>Once stopped, what was touched is taken back; read along with <see cref="Stopped"/>.</summary>
    public bool StopTakesBack { get; set; }
}

/// <summary>A saga whose row counts its versions, so that two writers never both win.</summary>
public interface IVersioned
{
    int Version { get; set; }
}
