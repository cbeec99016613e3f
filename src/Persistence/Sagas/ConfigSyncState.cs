using MassTransit;

namespace DeployHub.Persistence.Sagas;

/// <summary>One running sync batch as its state machine sees it. Small, whatever the number of targets: those are rows.</summary>
public class ConfigSyncState : SagaStateMachineInstance, IVersioned
{
    /// <summary>The batch's id.</summary>
    public Guid CorrelationId { get; set; }

    public string CurrentState { get; set; } = "";
    public int Version { get; set; }
    public int Total { get; set; }
    public bool RollbackOnFailure { get; set; }

    /// <summary>The batch holds all its locks.</summary>
    public bool HoldsTargets { get; set; }

    /// <summary>Writing: the order of the next target to send. Restoring: one above the next to send.</summary>
    public int NextOrder { get; set; }

    public int InFlight { get; set; }
    public int Done { get; set; }
    public int Failed { get; set; }

    /// <summary>Targets whose host may hold something else than before.</summary>
    public int Touched { get; set; }

    public int NotRestored { get; set; }

    /// <summary>The number of the last public event.</summary>
    public int Sequence { get; set; }

    /// <summary>Calls the batch's deadline off.</summary>
    public Guid? DeadlineToken { get; set; }

    /// <summary>A retry goes on with bringing back, not with writing.</summary>
    public bool? GoesBack { get; set; }

    /// <summary>The batch is to stop. Not stored here: each message reads it from the batch's row.</summary>
    public bool Stopped { get; set; }

    /// <summary>Once stopped, what was written is taken back; read along with <see cref="Stopped"/>.</summary>
    public bool StopTakesBack { get; set; }
}
