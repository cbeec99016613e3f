using DeployHub.Domain.Environments;

namespace DeployHub.Api.Environments;

internal sealed record EnvironmentAnswer(EnvironmentView Environment);

internal sealed record EnvironmentList(List<EnvironmentView> Environments, string? NextCursor);

internal sealed record EnvironmentView(Guid Id, string Name, DateTime CreatedAt, DateTime UpdatedAt)
{
    public static EnvironmentView Of(DeploymentEnvironment x) => new(x.Id, x.Name, x.CreatedAt, x.UpdatedAt);
}
