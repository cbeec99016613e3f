using System.Linq.Expressions;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.ConfigFiles;

internal static class AttachedFiles
{
    /// <summary>Names the files that are attached, for whom they keep from being deleted.</summary>
    public static async Task<List<string>> FindAttachedFiles(
        this DeployHubDb db, Expression<Func<ConfigAttachment, bool>> concerned, CancellationToken ct) =>
        (await (from attachment in db.ConfigAttachments.Where(concerned)
                join file in db.ConfigFiles on attachment.ConfigFileId equals file.Id
                orderby file.Name, attachment.TargetPath
                select new { file.Name, attachment.TargetPath }).ToListAsync(ct))
            .ConvertAll(x => $"the config file «{x.Name}» at «{x.TargetPath}»");
}
