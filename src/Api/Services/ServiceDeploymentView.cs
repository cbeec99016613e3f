using System.ComponentModel;
using DeployHub.Domain.Services;

namespace DeployHub.Api.Services;

internal sealed record ServiceDeploymentAnswer(ServiceDeploymentView Deployment);

internal sealed record ServiceDeploymentList(List<ServiceDeploymentView> Deployments, string? NextCursor);

/// <summary>A service on a server.</summary>
internal sealed record ServiceDeploymentView(
    Guid Id,
    Guid ServiceId,
    Guid ServerId,
    string ContainerName,
    [property: Description("What runs there, once a plan has deployed it.")] string? CurrentDigest,
    string? CurrentTag,
    string? CurrentContainerId,
    DateTime? DeployedAt,
    [property: Description("The last plan that touched it; only that one can be rolled back.")] Guid? LastPlanId,
    DateTime CreatedAt,
    DateTime UpdatedAt)
{
    public static ServiceDeploymentView Of(ServiceDeployment x) => new(
        x.Id, x.ServiceId, x.ServerId, x.ContainerName, x.CurrentDigest, x.CurrentTag, x.CurrentContainerId, x.DeployedAt, x.LastPlanId, x.CreatedAt, x.UpdatedAt);
}
