using DeployHub.Contracts.Errors;

namespace DeployHub.Intake;

/// <summary>Why a request is not done: what the error envelope says, and the HTTP status that it goes with.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="Message">A sentence for the caller. Never holds a secret.</param>
/// <param name="Field">The input that it is about, as it stands on the wire.</param>
/// <param name="Hint">What to do about it.</param>
public record Refusal(int Status, string Code, string Message, string? Field = null, string? Hint = null)
{
    /// <summary>400: <paramref name="rule"/> goes on from the field's name, as in «must be from 1 to 64.».</summary>
    public static Refusal Invalid(string field, string rule, string? hint = null) =>
        new(400, ErrorCodes.ValidationError, $"«{field}» {rule}", field, hint);

    /// <summary>400 for what no single field is to blame for.</summary>
    public static Refusal Unfit(string message, string? hint = null) => new(400, ErrorCodes.ValidationError, message, null, hint);

    /// <summary>400: only the server sets this field.</summary>
    public static Refusal ReadOnly(string field, string hint) =>
        new(400, ErrorCodes.ReadonlyField, $"Field «{field}» is read-only and cannot be set via PATCH.", field, hint);

    public static Refusal NotFound(string what, object id, string? field = null) =>
        new(404, ErrorCodes.NotFound, $"There is no {what} with the id {id}.", field);

    public static Refusal Conflict(string message, string? field = null, string? hint = null) =>
        new(409, ErrorCodes.Conflict, message, field, hint);

    public static Refusal Duplicate(string what, string name, string where, string field = "name") =>
        Conflict($"There is already a {what} named «{name}» {where}.", field, "Choose another name, or change the one that is there.");

    /// <summary>409: it cannot be deleted while <paramref name="users"/> need it.</summary>
    public static Refusal InUse(string what, string name, IReadOnlyCollection<string> users)
    {
        const int most = 10;
        var more = users.Count > most ? $" and {users.Count - most} more" : "";
        return Conflict(
            $"The {what} «{name}» is in use by {string.Join(", ", users.Take(most))}{more}.", null, "Delete or change those first.");
    }

    public static Refusal Unavailable(string message) => new(503, ErrorCodes.ServiceUnavailable, message);
}
