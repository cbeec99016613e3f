using DeployHub.Domain.Images;

namespace DeployHub.Api.Images;

internal sealed record ContainerImageAnswer(ContainerImageView ContainerImage);

internal sealed record ContainerImageList(List<ContainerImageView> ContainerImages, string? NextCursor);

internal sealed record ContainerImageView(
    Guid Id, Guid EnvironmentId, string Name, string ImageName, Guid? RegistryConnectionId, DateTime CreatedAt, DateTime UpdatedAt)
{
    public static ContainerImageView Of(ContainerImage x) => new(
        x.Id, x.EnvironmentId, x.Name, x.ImageName, x.RegistryConnectionId, x.CreatedAt, x.UpdatedAt);
}
