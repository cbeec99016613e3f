using System.Text.Json;

namespace DeployHub.Intake;

/// <summary>A change of some fields: what is not given stays as it is, and null clears where that is possible.</summary>
/// <param name="Body">The new values.</param>
/// <param name="Given">The names of the given fields, as they stand on the wire.</param>
public record Patch<T>(T Body, IReadOnlySet<string> Given)
{
    /// <param name="property">The property's name in C#.</param>
    public bool Gives(string property) => Given.Contains(JsonNamingPolicy.CamelCase.ConvertName(property));

    /// <summary>For the audit log: which fields, never their values.</summary>
    public string Summary => string.Join(", ", Given.Order(StringComparer.Ordinal));
}
