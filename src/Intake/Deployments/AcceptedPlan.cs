namespace DeployHub.Intake.Deployments;

/// <summary>The request is committed and will be carried out, or was before under the same key.</summary>
/// <param name="PlanId">The plan to ask about.</param>
public record AcceptedPlan(Guid PlanId);
