using DeployHub.Domain.Deployments;

namespace DeployHub.Intake.Deployments;

/// <summary>The request is committed and will be carried out, or was before under the same key.</summary>
/// <param name="PlanId">The plan to ask about.</param>
/// <param name="Fresh">The plan as it was committed just now, so that nobody has to read it back; null where it was there before.</param>
public record AcceptedPlan(Guid PlanId, FreshPlan? Fresh = null);

/// <summary>A plan that was just accepted, and its steps in their order.</summary>
public record FreshPlan(DeploymentPlan Plan, List<DeploymentStep> Steps);
