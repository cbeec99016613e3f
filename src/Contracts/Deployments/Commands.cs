namespace DeployHub.Contracts.Deployments;

// What DeployHub tells its own machines and workers. Internal: the commands that others may send are in Commands/.

/// <summary>Internal: begins an accepted plan. Sent once the plan's rows are committed; a second one changes nothing.</summary>
/// <param name="PlanId">The plan to begin.</param>
public record BeginDeployment(Guid PlanId);

/// <summary>Internal: takes back a plan that completed or failed.</summary>
/// <param name="PlanId">The plan to take back.</param>
/// <param name="RequestedBy">Who asked for it, for the record.</param>
public record TakeBackDeployment(Guid PlanId, string RequestedBy);

/// <summary>Internal: stops a plan that was cancelled or superseded; its rows say by whom, and whether it is taken back. A second one changes nothing.</summary>
/// <param name="PlanId">The plan to stop.</param>
public record StopDeployment(Guid PlanId);

/// <summary>Internal: goes on with a plan that failed or was cancelled, at the steps that did not succeed.</summary>
/// <param name="PlanId">The plan to go on with.</param>
public record RetryDeployment(Guid PlanId);

/// <summary>Internal: asks a worker to resolve the plan's digest and to reach every engine that it concerns, before anything is touched.</summary>
/// <param name="PlanId">The plan to prepare.</param>
public record PrepareDeployment(Guid PlanId);

/// <summary>Internal: asks a worker to make one step so: the new container serves under the service's name and has passed its gate.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="StepId">The step; also the ticket under which a repeated command finds the work already begun.</param>
public record DeployService(Guid PlanId, Guid StepId);

/// <summary>Internal: asks a worker to bring the former container of one step back and to hold it to the same gate.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="StepId">The step to take back.</param>
public record RollbackService(Guid PlanId, Guid StepId);

/// <summary>Internal: asks a worker to remove what a verified step left over: the stopped former container.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="StepId">The step to clean up after.</param>
public record FinalizeService(Guid PlanId, Guid StepId);
