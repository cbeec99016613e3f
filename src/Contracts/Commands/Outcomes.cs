using DeployHub.Contracts.Wire;

namespace DeployHub.Contracts.Commands;

/// <summary>What became of a command from the queue. On the wire in snake case.</summary>
public enum CommandStatus
{
    /// <summary>It is committed, and will be done; or was before under the same key.</summary>
    Accepted,

    /// <summary>Nothing was changed.</summary>
    Refused,
}

/// <summary>A command from the queue was accepted, or was before under the same key. Told to all who subscribe, and to whoever asked for a reply.</summary>
/// <param name="Command">The command's word: <c>deploy-container-image</c>.</param>
/// <param name="Status">Always <c>accepted</c>.</param>
/// <param name="PlanId">The plan that it began or changed; null for a batch.</param>
/// <param name="BatchId">The batch that it began; null for a plan.</param>
/// <param name="EnvironmentId">Where that lies.</param>
/// <param name="EnvironmentName">The environment's name when the command came.</param>
/// <param name="Account">Who sent it.</param>
/// <param name="CorrelationId">The command's own correlation id, as it came; null when it had none.</param>
/// <param name="IdempotencyKey">The key that it is known by.</param>
/// <param name="Replayed">The same command came before, and was not done again.</param>
/// <param name="OccurredAt">When, UTC.</param>
public record CommandAccepted(
    string Command, [property: WordsOf(typeof(CommandStatus))] string Status, Guid? PlanId, Guid? BatchId, Guid? EnvironmentId, string? EnvironmentName, string Account,
    string? CorrelationId, string IdempotencyKey, bool Replayed, DateTime OccurredAt);

/// <summary>A command from the queue was refused, in the words in which REST would have refused it. Nothing was changed; the message is kept as a dead letter.</summary>
/// <param name="Command">The command's word: <c>deploy-container-image</c>.</param>
/// <param name="Status">Always <c>refused</c>.</param>
/// <param name="Code">One of the API's error codes.</param>
/// <param name="Message">Why, as a sentence.</param>
/// <param name="Field">The input that is to blame; null where it is no single one.</param>
/// <param name="Hint">What to do about it.</param>
/// <param name="EnvironmentId">Where what it is about lies; null where that is not known, or not the sender's to know.</param>
/// <param name="EnvironmentName">The environment's name; null as above.</param>
/// <param name="Account">Who sent it; null when its broker user belongs to no account.</param>
/// <param name="CorrelationId">The command's own correlation id, as it came; null when it had none.</param>
/// <param name="IdempotencyKey">The key that it would have been known by; null when it could not be read.</param>
/// <param name="OccurredAt">When, UTC.</param>
public record CommandRefused(
    string Command, [property: WordsOf(typeof(CommandStatus))] string Status, string Code, string Message, string? Field, string? Hint, Guid? EnvironmentId,
    string? EnvironmentName, string? Account, string? CorrelationId, string? IdempotencyKey, DateTime OccurredAt);
