using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.Deployments;

namespace DeployHub.Persistence.Streams;

/// <summary>A plan as an entry keeps it.</summary>
/// <param name="Plan">Its row.</param>
/// <param name="Counts">How many of its steps stand where, in the words of the wire; none that would be 0.</param>
public sealed record ToldPlan(DeploymentPlan Plan, Dictionary<string, int> Counts);

/// <summary>A step as an entry keeps it: what may leave, and no more. The names are those of <see cref="DeploymentStep"/>.</summary>
public sealed record ToldStep(
    Guid Id, int Order, StepStatus Status, StepPhase? Phase, Guid ServiceId, string ServiceName, Guid ServerId, string ServerName, string ContainerName,
    string? FromDigest, string? ToDigest, int Attempts, DateTime? StartedAt, DateTime? CompletedAt, DeploymentError? Error, bool Restored, bool Recreated,
    string? CleanupMessage);

/// <summary>The same of a batch's target. The names are those of <see cref="Domain.ConfigSync.SyncTarget"/>.</summary>
public sealed record ToldTarget(
    Guid Id, int OperationIndex, Guid ConfigFileId, Guid ServerId, string ServerName, string Path, TargetStatus Status, string? FromHash, string? ToHash, int Mode, int Uid,
    int Gid, string ContainerName, OnChange OnChange, bool Reloaded, int Attempts, DateTime? StartedAt, DateTime? CompletedAt, SyncError? Error);
