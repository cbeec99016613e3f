namespace DeployHub.Contracts.Deployments;

// What a worker tells the state machine. Internal to DeployHub: subscribe to the events in Events.cs instead, which
// only the state machine publishes, in order and numbered.

/// <summary>Internal: the plan's digest is fixed and every engine was reached.</summary>
/// <param name="PlanId">The plan.</param>
public record DeploymentPrepared(Guid PlanId);

/// <summary>Internal: the plan cannot begin; the rows hold the reason. No container was touched.</summary>
/// <param name="PlanId">The plan.</param>
public record DeploymentRefused(Guid PlanId);

/// <summary>Internal: a lock that this plan waits for was given back; it may try again.</summary>
/// <param name="PlanId">The plan that waits.</param>
public record TargetsReleased(Guid PlanId);

/// <summary>Internal: the step's new container passed its gate.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="StepId">The step.</param>
public record StepSucceeded(Guid PlanId, Guid StepId);

/// <summary>Internal: the step failed; its row holds the evidence.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="StepId">The step.</param>
public record StepFailed(Guid PlanId, Guid StepId);

/// <summary>Internal: the step was stopped at a safe point, since its plan was; its row says whether anything was touched.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="StepId">The step.</param>
public record StepStopped(Guid PlanId, Guid StepId);

/// <summary>Internal: the step's former state is back and verified.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="StepId">The step.</param>
public record StepRestored(Guid PlanId, Guid StepId);

/// <summary>Internal: the step's former state could not be brought back; its row says why.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="StepId">The step.</param>
public record StepRestoreFailed(Guid PlanId, Guid StepId);

/// <summary>Internal: what the step left over is gone, or its row says why not.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="StepId">The step.</param>
public record StepFinalized(Guid PlanId, Guid StepId);

/// <summary>Internal: the plan has used up its time.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="Token">Which of its deadlines: one that was called off may still be on its way.</param>
public record DeploymentDeadlineReached(Guid PlanId, Guid Token);

/// <summary>Internal: the sweep found the plan standing still; drive it on from its rows.</summary>
/// <param name="PlanId">The plan.</param>
public record DeploymentNudged(Guid PlanId);
