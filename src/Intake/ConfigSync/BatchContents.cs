using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Intake.Access;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.ConfigSync;

/// <summary>All that a batch is to do, found out and not yet stored.</summary>
/// <param name="EnvironmentId">The environment of its files.</param>
/// <param name="Files">One for each operation; what has an error has no targets.</param>
public sealed record BatchContents(Guid EnvironmentId, List<RenderedFile> Files);

/// <summary>Finds out what a batch is to do, for the one that is accepted and for the one that is only looked at.</summary>
public sealed class BatchPreparation(DeployHubDb db, FileRendering rendering)
{
    private const int MostTargets = 1000;

    // What is rendered lies in memory and goes into one transaction.
    private const int MostBytes = 64 << 20;

    public async Task<Result<BatchContents>> Prepare(SyncBatchRequest request, CancellationToken ct)
    {
        if (request.Problems().FirstOrDefault() is { } invalid)
        {
            return invalid;
        }

        if ((await FindFiles(request, ct)).IsRefused(out var refusal, out var files))
        {
            return refusal;
        }

        var environmentId = files[0].EnvironmentId;
        var rendered = WithoutConflicts(await rendering.Render(environmentId, files, MostBytes, ct));
        var count = rendered.Sum(file => file.Targets.Count);
        return count > MostTargets
            ? Refusal.Invalid("operations", $"must not go to more than {MostTargets} targets together; these go to {count}.", "Split the batch.")
            : rendered.Exists(file => file.Targets.Exists(target => target.Content is null))
                ? Refusal.Invalid("operations", $"must not come to more than {MostBytes >> 20} MiB over all targets.", "Split the batch.")
                : new BatchContents(environmentId, rendered);
    }

    /// <summary>
    /// 403 when the caller is limited to environments and a file does not lie in one of them. What is not there at all is refused in the same
    /// words, so that nobody learns of the files of others; what is no id is for the other checks.
    /// </summary>
    public async Task<Refusal?> CheckScope(SyncBatchRequest request, Caller caller, CancellationToken ct)
    {
        if (caller.Environments?.ToList() is not { } seen || request.Problems().Any())
        {
            return null;
        }

        var ids = request.Operations.ConvertAll(operation => Guid.TryParse(operation.ConfigFileId, out var id) ? id : Guid.Empty);
        var found = await db.ConfigFiles.Where(x => ids.Contains(x.Id) && seen.Contains(x.EnvironmentId)).Select(x => x.Id).ToListAsync(ct);
        return ids.FindIndex(id => id != Guid.Empty && !found.Contains(id)) is >= 0 and var index
            ? AccessCheck.OutOfScope(caller, SyncBatchRequest.Field(index), "config file")
            : null;
    }

    private async Task<Result<List<ConfigFile>>> FindFiles(SyncBatchRequest request, CancellationToken ct)
    {
        var ids = request.Operations.ConvertAll(operation => Guid.TryParse(operation.ConfigFileId, out var id) ? id : Guid.Empty);
        var found = await db.ConfigFiles.AsNoTracking().Where(x => ids.Contains(x.Id)).ToDictionaryAsync(x => x.Id, ct);
        var files = new List<ConfigFile>(ids.Count);
        for (var i = 0; i < ids.Count; i++)
        {
            if (!found.TryGetValue(ids[i], out var file))
            {
                return Refusal.Invalid(SyncBatchRequest.Field(i), "names no config file.", "GET /api/environments/{envId}/config-files lists them.");
            }

            if (file.EnvironmentId != (files.Count > 0 ? files[0].EnvironmentId : file.EnvironmentId))
            {
                return Refusal.Invalid(SyncBatchRequest.Field(i), "is of another environment than the first one.", "Send a batch for each environment.");
            }

            files.Add(file);
        }

        return files;
    }

    // Two that would write different things to one path cannot both be right; two that would write the same are one.
    private static List<RenderedFile> WithoutConflicts(List<RenderedFile> files)
    {
        var claimed = new Dictionary<string, (int File, int At)>();
        var made = new List<RenderedFile>(files.Count);
        foreach (var file in files)
        {
            if (file.Error is not null)
            {
                made.Add(file with { Targets = [] });
                continue;
            }

            var (own, mine, error) = (new List<RenderedTarget>(), new Dictionary<string, (int File, int At)>(), (SyncError?)null);
            var replaced = new List<((int File, int At) Place, RenderedTarget Target)>();
            foreach (var target in file.Targets)
            {
                var isMine = mine.TryGetValue(target.FileKey, out var place);
                if (!isMine && !claimed.TryGetValue(target.FileKey, out place))
                {
                    mine[target.FileKey] = (made.Count, own.Count);
                    own.Add(target);
                    continue;
                }

                var other = isMine ? own[place.At] : made[place.File].Targets[place.At];
                if (!target.IsWrittenAs(other))
                {
                    error = Duplicate(file, target, isMine ? file : made[place.File], "with other content, mode or owner");
                }
                else if (other.Attachment.OnChange == OnChange.Nothing && target.Attachment.OnChange != OnChange.Nothing)
                {
                    // The one row that is kept does what either asks for.
                    if (isMine)
                    {
                        own[place.At] = target;
                    }
                    else
                    {
                        replaced.Add((place, target));
                    }
                }
                else if (target.Attachment.OnChange != OnChange.Nothing && !target.ReloadsAs(other))
                {
                    error = Duplicate(file, target, isMine ? file : made[place.File], "with something else to do on change");
                }
            }

            made.Add(error is null ? file with { Targets = own } : file with { Targets = [], Error = error });
            if (error is null)
            {
                foreach (var (key, place) in mine)
                {
                    claimed[key] = place;
                }

                foreach (var (place, target) in replaced)
                {
                    made[place.File].Targets[place.At] = target;
                }
            }
        }

        return made;
    }

    private static SyncError Duplicate(RenderedFile file, RenderedTarget target, RenderedFile other, string how) => new(
        SyncErrorCodes.DuplicateTarget,
        $"The config file «{file.File.Name}» goes to «{target.Path}» on server «{target.Server.Name}», where "
        + $"{(ReferenceEquals(file, other) ? "another attachment of it" : $"the config file «{other.File.Name}»")} goes too, {how}. Change one of the attachments.");
}
