using System.ComponentModel;
using System.Text.Json.Serialization;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Persistence.Streams;

namespace DeployHub.Api.Deployments;

internal sealed record PlanAnswer(PlanView Plan);

internal sealed record PlanList(List<PlanView> Plans, string? NextCursor);

/// <summary>A plan as the wire shows it.</summary>
internal sealed record PlanView(
    Guid Id,
    PlanStatus Status,
    Guid EnvironmentId,
    Guid ContainerImageId,
    string ImageName,
    string? ImageTag,
    [property: Description("What every server runs at the end; null until it is resolved.")] string? ImageDigest,
    bool AutoRollback,
    int MaxParallel,
    string TriggerType,
    string TriggeredBy,
    DateTime CreatedAt,
    DateTime? StartedAt,
    DateTime? CompletedAt,
    [property: Description("Who asked for the rollback, where somebody did.")] string? RolledBackBy,
    [property: Description("Who cancelled it, where somebody did.")] string? CancelledBy,
    [property: Description("The newer plan that took its place while it waited.")] Guid? SupersededBy,
    [property: Description("Who asked last to go on with it after it had ended.")] string? RetriedBy,
    [property: Description("While it is queued: who stands before it at which of its containers, the first 100. Null otherwise, and in lists.")] List<WaitsForView>? WaitsFor,
    PlanErrorView? Error,
    PlanCountsView Counts,
    [property: Description("Not in lists.")][property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] List<StepView>? Steps)
{
    public static PlanView Of(DeploymentPlan plan, PlanCountsView counts, List<StepView>? steps, List<WaitsForView>? waitsFor = null) => new(
        plan.Id, plan.Status, plan.EnvironmentId, plan.ContainerImageId, plan.ImageName, plan.ImageTag, plan.ImageDigest, plan.AutoRollback,
        plan.MaxParallel, plan.TriggerType, plan.TriggeredBy, plan.CreatedAt, plan.StartedAt, plan.CompletedAt, plan.RolledBackBy,
        plan.CancelledBy, plan.SupersededBy, plan.RetriedBy, waitsFor,
        plan.Error is { } error ? new PlanErrorView(error.Code, error.Message, error.StepId) : null, counts, steps);
}

/// <summary>One that stands before another in the line. One of the ids is set, none where the caller does not see it.</summary>
internal sealed record WaitsForView(
    Guid? PlanId,
    Guid? BatchId,
    [property: Description("Where that plan or batch stands.")] string Status,
    [property: Description("The containers or files that both want.")] List<string> Targets);

internal sealed record PlanErrorView(string Code, string Message, Guid? StepId);

internal sealed record PlanCountsView(int Total, int Success, int Failed, int RolledBack, int RollbackFailed, int Skipped)
{
    public static PlanCountsView Of(int total, Func<StepStatus, int> count) => new(
        total, count(StepStatus.Success), count(StepStatus.Failed), count(StepStatus.RolledBack), count(StepStatus.RollbackFailed), count(StepStatus.Skipped));
}

internal sealed record NamedView(Guid Id, string Name);

internal sealed record StepErrorView(
    string Code,
    string Message,
    long? ExitCode,
    [property: Description("The last output of the health check or probe.")] string? Health,
    [property: Description("The last 50 log lines, at most 16 KiB.")] string? LogTail)
{
    public static StepErrorView? Of(DeploymentError? error) =>
        error is null ? null : new StepErrorView(error.Code, error.Message, error.ExitCode, error.Health, error.LogTail);
}

/// <summary>A step as the wire shows it.</summary>
internal sealed record StepView(
    Guid Id,
    int Order,
    string Action,
    StepStatus Status,
    StepPhase? Phase,
    NamedView Service,
    NamedView Server,
    string ContainerName,
    string? FromDigest,
    string? ToDigest,
    int Attempts,
    DateTime? StartedAt,
    DateTime? CompletedAt,
    StepErrorView? Error,
    [property: Description("The container that ran before serves again.")] bool Restored,
    [property: Description("The restored container was made anew, since the former one had been removed.")] bool Recreated,
    [property: Description("What could not be cleaned up, and what to do about it.")] string? CleanupMessage)
{
    private const string DeployAction = "deploy";

    public static StepView Of(ToldStep x) => new(
        x.Id, x.Order, DeployAction, x.Status, x.Phase, new NamedView(x.ServiceId, x.ServiceName), new NamedView(x.ServerId, x.ServerName), x.ContainerName, x.FromDigest,
        x.ToDigest, x.Attempts, x.StartedAt, x.CompletedAt, StepErrorView.Of(x.Error), x.Restored, x.Recreated, x.CleanupMessage);
}
