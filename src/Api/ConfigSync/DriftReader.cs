using DeployHub.Api.Deployments;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Intake;
using DeployHub.Intake.ConfigSync;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.ConfigSync;

/// <summary>Compares what hosts hold to what was last written there, and to what a sync would write now.</summary>
internal sealed class DriftReader(DeployHubDb db, FileRendering rendering, HostFiles hosts)
{
    // How many contents are in memory at a time.
    private const int FilesAtOnce = 20;

    /// <param name="environmentId">The environment.</param>
    /// <param name="serviceId">One service of it; null: all.</param>
    /// <param name="ct">Ends the try.</param>
    public async Task<Result<DriftView>> Read(Guid environmentId, Guid? serviceId, CancellationToken ct)
    {
        var wanted = await FindWanted(environmentId, serviceId, ct);
        if ((await hosts.Read(wanted.Select(x => (x.Target.Server.Id, x.Target.Path)), hashesOnly: true, ct)).IsRefused(out var refusal, out var there))
        {
            return refusal;
        }

        var written = await FindLastWritten(wanted, ct);
        return new DriftView(wanted.ConvertAll(x =>
            Compare(x, there.At(x.Target.Server.Id, x.Target.Path), written.GetValueOrDefault((x.Target.Server.Id, x.Target.Path)))));
    }

    private async Task<List<Wanted>> FindWanted(Guid environmentId, Guid? serviceId, CancellationToken ct)
    {
        var ids = await db.ConfigFiles.Where(file => file.EnvironmentId == environmentId)
            .Where(file => db.ConfigAttachments.Any(x => x.ConfigFileId == file.Id && (serviceId == null || x.ServiceId == serviceId)))
            .OrderBy(file => file.Name).Select(file => file.Id).ToListAsync(ct);
        var wanted = new List<Wanted>();
        foreach (var chunk in ids.Chunk(FilesAtOnce))
        {
            var files = await db.ConfigFiles.AsNoTracking().Where(x => chunk.Contains(x.Id)).OrderBy(x => x.Name).ToListAsync(ct);
            wanted.AddRange((await rendering.Render(environmentId, files, mostBytes: null, ct)).SelectMany(file => file.Targets
                .Where(target => serviceId is null || target.ServiceId == serviceId)
                .Select(target => new Wanted(file.File.Id, file.File.Name, target, target.Hash is null ? file.Error : null))));
        }

        return wanted;
    }

    private async Task<Dictionary<(Guid, string), Written>> FindLastWritten(List<Wanted> wanted, CancellationToken ct)
    {
        var (servers, paths) = (wanted.Select(x => x.Target.Server.Id).Distinct().ToList(), wanted.Select(x => x.Target.Path).Distinct().ToList());
        var rows = await db.SyncTargets
            .Where(x => servers.Contains(x.ServerId) && paths.Contains(x.Path) && (x.Status == TargetStatus.Written || x.Status == TargetStatus.Unchanged))
            .GroupBy(x => new { x.ServerId, x.Path })
            .Select(group => group.OrderByDescending(x => x.CompletedAt).Select(x => new { x.ServerId, x.Path, x.ToHash, x.Mode, x.Uid, x.Gid }).First())
            .ToListAsync(ct);
        return rows.ToDictionary(x => (x.ServerId, x.Path), x => new Written(x.ToHash, x.Mode, x.Uid, x.Gid));
    }

    private static DriftTargetView Compare(Wanted wanted, HostFile host, Written? written)
    {
        var (target, attachment) = (wanted.Target, wanted.Target.Attachment);
        return new DriftTargetView(
            new NamedView(target.Server.Id, target.Server.Name), target.ServiceId, target.ContainerName, wanted.FileId, wanted.FileName, target.Path,
            StatusOf(wanted, host, written), target.Hash, written?.Hash, host.Exists ? host.Hash : null, FileModes.Show(attachment.Mode),
            host.Mode is { } mode ? FileModes.Show(mode) : null, attachment.Uid, host.Uid, attachment.Gid, host.Gid, SyncErrorView.Of(host.Error ?? wanted.Error));
    }

    private static DriftStatus StatusOf(Wanted wanted, HostFile host, Written? written)
    {
        // What is there and is no file was put there by somebody else; all other errors keep the host from being seen.
        if (host.Error is { } error)
        {
            return error.Code == SyncErrorCodes.TargetIsNoFile ? DriftStatus.ChangedOnHost : DriftStatus.Unreachable;
        }

        if (!host.Exists)
        {
            return DriftStatus.Absent;
        }

        var (there, attachment) = (new Written(host.Hash!, host.Mode ?? 0, host.Uid ?? 0, host.Gid ?? 0), wanted.Target.Attachment);
        return wanted.Target.Hash is { } hash && there == new Written(hash, attachment.Mode, attachment.Uid, attachment.Gid) ? DriftStatus.InSync
            : there == written ? DriftStatus.OutOfDate
            : DriftStatus.ChangedOnHost;
    }

    private sealed record Wanted(Guid FileId, string FileName, RenderedTarget Target, SyncError? Error);

    private sealed record Written(string Hash, int Mode, int Uid, int Gid);
}
