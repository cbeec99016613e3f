using System.ComponentModel;
using DeployHub.Api.Deployments;

namespace DeployHub.Api.ConfigSync;

/// <summary>How what hosts hold compares to what they are to hold.</summary>
internal sealed record DriftView(List<DriftTargetView> Targets);

internal enum DriftStatus
{
    InSync,
    ChangedOnHost,
    OutOfDate,
    Absent,
    Unreachable,
}

internal sealed record DriftTargetView(
    NamedView Server,
    Guid ServiceId,
    string ContainerName,
    Guid ConfigFileId,
    string ConfigFileName,
    string Path,
    DriftStatus Status,
    [property: Description("What a sync would write now; null where it would fail.")] string? WantedHash,
    [property: Description("What DeployHub wrote last, if it ever did.")] string? LastWrittenHash,
    string? HostHash,
    string Mode,
    string? HostMode,
    int Uid,
    int? HostUid,
    int Gid,
    int? HostGid,
    [property: Description("Why the host could not be read, or why a sync would fail.")] SyncErrorView? Error);
