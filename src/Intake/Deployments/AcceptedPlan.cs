namespace DeployHub.Intake.Deployments;

/// <summary>The request is committed and will be carried out.</summary>
/// <param name="PlanId">The plan to ask about.</param>
/// <param name="Replayed">The same request came before under the same key; nothing new was begun.</param>
public record AcceptedPlan(Guid PlanId, bool Replayed);
