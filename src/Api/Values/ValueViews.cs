using DeployHub.Domain.ConfigFiles;

namespace DeployHub.Api.Values;

internal sealed record VariableAnswer(VariableView Variable);

internal sealed record VariableList(List<VariableView> Variables, string? NextCursor);

internal sealed record VariableView(Guid Id, Guid EnvironmentId, string Name, string Value, DateTime CreatedAt, DateTime UpdatedAt)
{
    public static VariableView Of(EnvironmentValue x) => new(x.Id, x.EnvironmentId, x.Name, x.Value ?? "", x.CreatedAt, x.UpdatedAt);
}

internal sealed record SecretAnswer(SecretView Secret);

internal sealed record SecretList(List<SecretView> Secrets, string? NextCursor);

/// <summary>A secret as far as it is ever shown: that it is there.</summary>
internal sealed record SecretView(Guid Id, Guid EnvironmentId, string Name, DateTime CreatedAt, DateTime UpdatedAt)
{
    public static SecretView Of(EnvironmentValue x) => new(x.Id, x.EnvironmentId, x.Name, x.CreatedAt, x.UpdatedAt);
}
