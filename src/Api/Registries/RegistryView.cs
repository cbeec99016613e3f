using System.ComponentModel;
using DeployHub.Domain.Registries;

namespace DeployHub.Api.Registries;

internal sealed record RegistryAnswer(RegistryView Registry);

internal sealed record RegistryList(List<RegistryView> Registries, string? NextCursor);

internal sealed record RegistryView(
    Guid Id,
    Guid EnvironmentId,
    string Name,
    string RegistryUrl,
    string? Username,
    [property: Description("The password itself is never returned.")] bool HasPassword,
    DateTime CreatedAt,
    DateTime UpdatedAt)
{
    public static RegistryView Of(Registry x) => new(
        x.Id, x.EnvironmentId, x.Name, x.RegistryUrl, x.Username, x.Password is not null, x.CreatedAt, x.UpdatedAt);
}
