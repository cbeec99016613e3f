using System.ComponentModel;
using DeployHub.Domain.Services;

namespace DeployHub.Api.Services;

internal sealed record ServiceAnswer(ServiceView Service);

internal sealed record ServiceList(List<ServiceView> Services, string? NextCursor);

internal sealed record ServiceView(
    Guid Id,
    Guid EnvironmentId,
    string Name,
    Guid ContainerImageId,
    [property: Description("null when the container is adopted.")] ContainerSpec? Container,
    bool Adopt,
    HealthPolicy Health,
    DateTime CreatedAt,
    DateTime UpdatedAt)
{
    public static ServiceView Of(Service x) => new(
        x.Id, x.EnvironmentId, x.Name, x.ContainerImageId, x.Container, x.Adopt, x.Health, x.CreatedAt, x.UpdatedAt);
}
