using System.ComponentModel;
using DeployHub.Domain.ConfigFiles;

namespace DeployHub.Api.ConfigFiles;

internal sealed record AttachmentAnswer(AttachmentView File);

internal sealed record AttachmentList(List<AttachmentView> Files, string? NextCursor);

/// <summary>Where a config file goes for a service.</summary>
internal sealed record AttachmentView(
    Guid Id,
    Guid ConfigFileId,
    Guid ServiceId,
    [property: Description("null: to every server of the service.")] Guid? ServiceDeploymentId,
    string TargetPath,
    [property: Description("Permission bits, four octal digits.")] string Mode,
    int Uid,
    int Gid,
    OnChange OnChange,
    string? Signal,
    DateTime CreatedAt,
    DateTime UpdatedAt)
{
    public static AttachmentView Of(ConfigAttachment x) => new(
        x.Id, x.ConfigFileId, x.ServiceId, x.ServiceDeploymentId, x.TargetPath, FileModes.Show(x.Mode), x.Uid, x.Gid, x.OnChange, x.Signal, x.CreatedAt, x.UpdatedAt);
}
