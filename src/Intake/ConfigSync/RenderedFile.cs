using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.Servers;
using DeployHub.Persistence.Locks;

namespace DeployHub.Intake.ConfigSync;

/// <summary>A config file with everything that it is to be on its hosts, or why it cannot be.</summary>
/// <param name="File">The file.</param>
/// <param name="Targets">Where it goes; with an error, nowhere, or to places whose bytes are not known.</param>
/// <param name="Error">Why it cannot be rendered, or goes nowhere.</param>
public sealed record RenderedFile(ConfigFile File, List<RenderedTarget> Targets, SyncError? Error);

/// <summary>What one path on one server is to hold.</summary>
/// <param name="Server">The server.</param>
/// <param name="ServiceId">The service that the file is attached to.</param>
/// <param name="ContainerName">Its container there.</param>
/// <param name="Attachment">Path, mode, owner, and what happens on change.</param>
/// <param name="Content">The rendered bytes; null when they cannot be rendered, were too many, or only their hash was wanted.</param>
/// <param name="Hash">Their hash; null when they cannot be rendered, or were too many.</param>
public sealed record RenderedTarget(Server Server, Guid ServiceId, string ContainerName, ConfigAttachment Attachment, byte[]? Content, string? Hash)
{
    public string Path => Attachment.TargetPath;

    /// <summary>An engine that no worker has seen yet goes by its server; the batch's preparation makes the key final.</summary>
    internal string FileKey => TargetLock.ForFile(Engine, Path);

    internal string ContainerKey => TargetLock.ForContainer(Engine, ContainerName);

    private string Engine => Server.EngineId ?? TargetLock.UnknownEngine(Server.Id);

    internal bool IsWrittenAs(RenderedTarget other) =>
        Hash == other.Hash && Attachment.Mode == other.Attachment.Mode && Attachment.Uid == other.Attachment.Uid && Attachment.Gid == other.Attachment.Gid;

    internal bool ReloadsAs(RenderedTarget other) =>
        Attachment.OnChange == other.Attachment.OnChange && Attachment.Signal == other.Attachment.Signal && ContainerName == other.ContainerName;
}
