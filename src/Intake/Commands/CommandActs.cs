using DeployHub.Contracts.Channels;
using DeployHub.Contracts.Commands;
using DeployHub.Intake.Access;
using DeployHub.Intake.Bodies;
using DeployHub.Intake.ConfigSync;
using DeployHub.Intake.Deployments;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Commands;

/// <summary>Reads each command and brings it to those who accept it, as the routes do with a request.</summary>
public sealed class CommandActs(
    DeployHubDb db, AccessCheck access, AcceptDeployment deployment, AcceptSyncBatch sync, AcceptCancel cancel, AcceptRollback rollback)
{
    internal async Task<Result<AcceptedCommand>> Accept(
        CommandChannel channel, ReadOnlyMemory<byte> json, Caller caller, AccessRow row, CommandOutcome outcome, CancellationToken ct) => channel.Type switch
    {
        var x when x == typeof(DeployContainerImage) => await With<DeployContainerImage>(json, x => x.IdempotencyKey, x => x.ContainerImageId, caller, row, outcome, (command, by) =>
            Plan(by, deployment.Accept(command.ContainerImageId, RequestOf(command), by, ct)), ct),
        var x when x == typeof(ExecuteSyncBatch) => await With<ExecuteSyncBatch>(json, x => x.IdempotencyKey, _ => null, caller, row, outcome, (command, by) =>
            Batch(by, command, outcome, ct), ct),
        var x when x == typeof(CancelDeployment) => await With<CancelDeployment>(json, x => x.IdempotencyKey, x => x.PlanId, caller, row, outcome, (command, by) =>
            Plan(by, cancel.Accept(command.PlanId, new CancelRequest { Rollback = command.Rollback }, by, ct)), ct),
        var x when x == typeof(RollbackDeployment) => await With<RollbackDeployment>(json, x => x.IdempotencyKey, x => x.PlanId, caller, row, outcome, (command, by) =>
            Plan(by, rollback.Accept(command.PlanId, by, ct)), ct),
        var x => throw new InvalidOperationException($"Nobody accepts the command {x.Name}."),
    };

    internal static DeployRequest RequestOf(DeployContainerImage command) => new()
    {
        ImageTag = command.ImageTag,
        ImageDigestId = command.ImageDigestId,
        AutoRollback = command.AutoRollback,
        MaxParallel = command.MaxParallel,
        OnConflict = command.OnConflict,
    };

    // Null where REST takes a null for an operation and says so itself.
    internal static SyncBatchRequest RequestOf(ExecuteSyncBatch command) => new()
    {
        Operations = command.Operations.ConvertAll(x => x is null ? null! : new SyncOperationRequest { Type = x.Type, ConfigFileId = x.ConfigFileId }),
        RollbackOnFailure = command.RollbackOnFailure,
    };

    private async Task<Result<AcceptedCommand>> With<T>(
        ReadOnlyMemory<byte> json, Func<T, string?> keyOf, Func<T, Guid?> idOf, Caller caller, AccessRow row, CommandOutcome outcome,
        Func<T, Caller, Task<Result<AcceptedCommand>>> accept, CancellationToken ct) where T : notnull
    {
        if (StrictBody.Parse<T>(json.Span).IsRefused(out var refusal, out var command))
        {
            return refusal;
        }

        var key = keyOf(command) is { } given ? new RequestKey(given, "idempotencyKey") : outcome.MessageId is { } id ? new RequestKey(id, "message_id") : null;
        if (key is null)
        {
            return Refusal.Invalid("idempotencyKey", "is required where the message has no id.", "Without either, a message that arrives twice would be done twice.");
        }

        (outcome.Key, outcome.Subject) = (key.Text, idOf(command));
        if (await access.Check(caller, row, outcome.Subject, ct) is { } denied)
        {
            return denied.Refusal;
        }

        outcome.Place = outcome.Subject is { } subject ? await FindPlace(subject, ct) : null;
        return await accept(command, caller with { Key = key });
    }

    // Of an image or a plan; ids are never given twice.
    private Task<CommandPlace?> FindPlace(Guid id, CancellationToken ct) => db.Environments
        .Where(x => db.ContainerImages.Any(image => image.Id == id && image.EnvironmentId == x.Id) || db.Plans.Any(plan => plan.Id == id && plan.EnvironmentId == x.Id))
        .Select(x => new CommandPlace(x.Id, x.Name)).FirstOrDefaultAsync(ct);

    private async Task<Result<AcceptedCommand>> Batch(Caller by, ExecuteSyncBatch command, CommandOutcome outcome, CancellationToken ct)
    {
        // All of a batch's files are of one environment, or it is refused.
        var first = command.Operations.Find(x => x is not null)?.ConfigFileId;
        var place = Guid.TryParse(first, out var file)
            ? await db.ConfigFiles.Where(x => x.Id == file).Join(db.Environments, x => x.EnvironmentId, x => x.Id, (_, x) => new CommandPlace(x.Id, x.Name)).FirstOrDefaultAsync(ct)
            : null;
        outcome.Place = place is not null && by.Sees(place.EnvironmentId) ? place : null;
        return (await sync.Accept(RequestOf(command), by, ct)).IsRefused(out var refusal, out var batch) ? refusal : new AcceptedCommand(batch.BatchId, by.Key!.Replayed);
    }

    private static async Task<Result<AcceptedCommand>> Plan(Caller by, Task<Result<AcceptedPlan>> accepting) =>
        (await accepting).IsRefused(out var refusal, out var plan) ? refusal : new AcceptedCommand(plan.PlanId, by.Key!.Replayed);
}

/// <summary>What an accepted command made or changed.</summary>
/// <param name="Id">The plan or the batch.</param>
/// <param name="Replayed">The same command came before.</param>
internal sealed record AcceptedCommand(Guid Id, bool Replayed);
