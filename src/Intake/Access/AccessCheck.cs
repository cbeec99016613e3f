using DeployHub.Contracts.Errors;
using DeployHub.Contracts.Wire;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Access;

/// <summary>Why a caller may not do something.</summary>
/// <param name="Refusal">What it is told.</param>
/// <param name="EnvironmentId">For the record: where what it wanted lies, though it is not told that there is such a thing.</param>
public sealed record AccessDenied(Refusal Refusal, Guid? EnvironmentId = null);

/// <summary>Holds callers to the <see cref="AccessTable"/>, whichever way they come. A caller that sees all environments costs no query.</summary>
public sealed class AccessCheck(DeployHubDb db)
{
    private const string ScopeHint = "Use a token whose account sees all environments.";

    /// <summary>Null when the caller may.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="row">What for.</param>
    /// <param name="id">The id that the row's scope is about; null where it has none.</param>
    /// <param name="ct">Ends the try.</param>
    public async Task<AccessDenied?> Check(Caller caller, AccessRow row, Guid? id, CancellationToken ct)
    {
        if (row.Role is { } needed && caller.Role < needed)
        {
            return new AccessDenied(new Refusal(
                403, ErrorCodes.ForbiddenRole, $"This needs the role {needed.Word()}; «{caller.Name}» has {caller.Role.Word()}."));
        }

        if (caller.Environments is null || row.Scope is not (Scope.Global or Scope.OfObject))
        {
            return null;
        }

        if (row.Scope == Scope.Global)
        {
            return new AccessDenied(new Refusal(
                403, ErrorCodes.ForbiddenScope, $"This concerns all environments; «{caller.Name}» is for some of them only.", null, ScopeHint));
        }

        // What is not there is refused here too, in the same words: what the caller does not see looks like what does not exist, whatever else is wrong.
        var (noun, wanted) = (row.Noun!.Value, id ?? throw new InvalidOperationException($"«{row.Name}» needs an id."));
        var environment = noun == Noun.Environment ? wanted : await FindEnvironment(noun, wanted, ct);
        return environment is { } found && caller.Sees(found) ? null : new AccessDenied(Refusal.NotFound(WordOf(noun), wanted), environment);
    }

    /// <summary>What is said of something that the caller names in a body and does not see, or that is not there.</summary>
    public static Refusal OutOfScope(Caller caller, string field, string what) => new(
        403, ErrorCodes.ForbiddenScope, $"«{field}» names no {what} in an environment that «{caller.Name}» is for.", field);

    private Task<Guid?> FindEnvironment(Noun noun, Guid id, CancellationToken ct) => (noun switch
    {
        Noun.Server => db.Servers.Where(x => x.Id == id).Select(x => (Guid?)x.EnvironmentId),
        Noun.Registry => db.Registries.Where(x => x.Id == id).Select(x => (Guid?)x.EnvironmentId),
        Noun.ContainerImage => db.ContainerImages.Where(x => x.Id == id).Select(x => (Guid?)x.EnvironmentId),
        Noun.Service => db.Services.Where(x => x.Id == id).Select(x => (Guid?)x.EnvironmentId),
        Noun.ConfigFile => db.ConfigFiles.Where(x => x.Id == id).Select(x => (Guid?)x.EnvironmentId),
        Noun.Variable => db.EnvironmentValues.Where(x => x.Id == id && !x.IsSecret).Select(x => (Guid?)x.EnvironmentId),
        Noun.Secret => db.EnvironmentValues.Where(x => x.Id == id && x.IsSecret).Select(x => (Guid?)x.EnvironmentId),
        Noun.DeploymentPlan => db.Plans.Where(x => x.Id == id).Select(x => (Guid?)x.EnvironmentId),
        Noun.SyncBatch => db.SyncBatches.Where(x => x.Id == id).Select(x => (Guid?)x.EnvironmentId),
        _ => throw new ArgumentOutOfRangeException(nameof(noun), noun, "It lies in no environment."),
    }).FirstOrDefaultAsync(ct);

    private static string WordOf(Noun noun) => noun.Word().Replace('_', ' ');
}
