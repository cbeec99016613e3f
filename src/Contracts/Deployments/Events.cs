using DeployHub.Contracts.Wire;

namespace DeployHub.Contracts.Deployments;

/// <summary>What every event of a plan carries.</summary>
/// <param name="PlanId">The plan.</param>
/// <param name="EnvironmentId">The environment that the plan belongs to.</param>
/// <param name="Sequence">Counts the plan's events from 1 without a gap: order by it, and drop what you have seen.</param>
/// <param name="OccurredAt">When it happened, UTC.</param>
/// <param name="ImageName">The repository, without tag or digest.</param>
/// <param name="ImageTag">The tag asked for, or null when a digest was.</param>
/// <param name="ImageDigest">The manifest digest <c>sha256:…</c> (for an image known only to the engine: its image id), once it is known.</param>
/// <param name="EnvironmentName">The environment's name when the plan was accepted; null in an event of before it was told.</param>
/// <param name="Status">Where the plan stands, in the words of the wire; null in an event of before it was told.</param>
public record PlanEventFacts(
    Guid PlanId, Guid EnvironmentId, int Sequence, DateTime OccurredAt, string ImageName, string? ImageTag, string? ImageDigest, string? EnvironmentName = null,
    [property: WordsOf(typeof(PlanStatus))] string? Status = null);

/// <summary>What every event of a step carries.</summary>
/// <param name="StepId">The step.</param>
/// <param name="ServiceId">The service.</param>
/// <param name="ServiceName">Its name when the plan was accepted.</param>
/// <param name="ServerId">The server.</param>
/// <param name="ServerName">Its name when the plan was accepted.</param>
/// <param name="ContainerName">The container's name on that server.</param>
/// <param name="FromDigest">What ran before, or null when nothing did.</param>
/// <param name="Status">Where the step stands, in the words of the wire.</param>
public record StepEventFacts(
    Guid StepId, Guid ServiceId, string ServiceName, Guid ServerId, string ServerName, string ContainerName, string? FromDigest,
    [property: WordsOf(typeof(StepStatus))] string Status);

/// <summary>The plan holds its targets and its first steps are on their way; told once more when it is retried.</summary>
/// <param name="Plan">The plan's facts.</param>
/// <param name="TotalSteps">How many steps it has.</param>
public record DeploymentStarted(PlanEventFacts Plan, int TotalSteps);

/// <summary>One service's new container serves on one server and has passed its gate.</summary>
/// <param name="Plan">The plan's facts.</param>
/// <param name="Step">The step's facts.</param>
public record ServiceDeployed(PlanEventFacts Plan, StepEventFacts Step);

/// <summary>One step failed.</summary>
/// <param name="Plan">The plan's facts.</param>
/// <param name="Step">The step's facts.</param>
/// <param name="Error">Why.</param>
public record ServiceDeployFailed(PlanEventFacts Plan, StepEventFacts Step, DeploymentError Error);

/// <summary>One service is back as it was before the plan, and was verified.</summary>
/// <param name="Plan">The plan's facts.</param>
/// <param name="Step">The step's facts.</param>
public record ServiceRolledBack(PlanEventFacts Plan, StepEventFacts Step);

/// <summary>One service could not be brought back: an operator is needed.</summary>
/// <param name="Plan">The plan's facts.</param>
/// <param name="Step">The step's facts.</param>
/// <param name="Error">Why, and what to do.</param>
public record ServiceRollbackFailed(PlanEventFacts Plan, StepEventFacts Step, DeploymentError Error);

/// <summary>Every step was verified.</summary>
/// <param name="Plan">The plan's facts.</param>
public record DeploymentCompleted(PlanEventFacts Plan);

/// <summary>The plan ended without success, and nothing was undone.</summary>
/// <param name="Plan">The plan's facts.</param>
/// <param name="Error">Why.</param>
public record DeploymentFailed(PlanEventFacts Plan, DeploymentError Error);

/// <summary>Everything that the plan had touched is back as it was.</summary>
/// <param name="Plan">The plan's facts.</param>
/// <param name="Error">Why it was rolled back; null when an operator asked for it.</param>
public record DeploymentRolledBack(PlanEventFacts Plan, DeploymentError? Error);

/// <summary>The plan was rolled back, but not all of it: an operator is needed.</summary>
/// <param name="Plan">The plan's facts.</param>
/// <param name="Error">Why it was rolled back; null when an operator asked for it.</param>
public record DeploymentPartiallyRolledBack(PlanEventFacts Plan, DeploymentError? Error);

/// <summary>Somebody cancelled the plan, and nothing was undone.</summary>
/// <param name="Plan">The plan's facts.</param>
/// <param name="CancelledBy">Who.</param>
public record DeploymentCancelled(PlanEventFacts Plan, string CancelledBy);

/// <summary>A newer plan of the same image took this one's place while it waited.</summary>
/// <param name="Plan">The plan's facts.</param>
/// <param name="SupersededBy">The newer plan.</param>
public record DeploymentSuperseded(PlanEventFacts Plan, Guid SupersededBy);
