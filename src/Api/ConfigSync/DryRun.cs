using DeployHub.Api.Deployments;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Intake;
using DeployHub.Intake.ConfigSync;
using DeployHub.Persistence.Secrets;

namespace DeployHub.Api.ConfigSync;

/// <summary>Says what a batch would change on the hosts, and changes nothing.</summary>
internal sealed class DryRun(BatchPreparation preparation, FileRendering rendering, HostFiles hosts, SecretBox box)
{
    public async Task<Result<DryRunView>> Look(SyncBatchRequest request, Caller caller, CancellationToken ct)
    {
        if (await preparation.CheckScope(request, caller, ct) is { } outside)
        {
            return outside;
        }

        if ((await preparation.Prepare(request, ct)).IsRefused(out var refusal, out var contents))
        {
            return refusal;
        }

        var read = await hosts.Read(contents.Files.SelectMany(file => file.Targets).Select(target => (target.Server.Id, target.Path)), hashesOnly: false, ct);
        if (read.IsRefused(out refusal, out var there))
        {
            return refusal;
        }

        var mask = new SecretMask(await rendering.ReadSecrets(contents.EnvironmentId, ct));
        return new DryRunView(true, contents.EnvironmentId, request.RollbackOnFailure, [.. contents.Files.Select((file, index) => Look(file, index, there, mask))]);
    }

    private DryRunOperationView Look(RenderedFile file, int index, HostContents there, SecretMask mask)
    {
        var targets = file.Targets.ConvertAll(target => Look(file.File, target, there.At(target.Server.Id, target.Path), mask));
        var fails = file.Error is not null || targets.Any(target => target.Outcome == DryRunOutcome.Failed);
        return new DryRunOperationView(
            index, fails ? OperationStatus.Failed : OperationStatus.Ok, file.File.Id, file.File.Name, file.File.Version, SyncErrorView.Of(file.Error), targets);
    }

    private DryRunTargetView Look(ConfigFile file, RenderedTarget target, HostFile host, SecretMask mask)
    {
        var wanted = target.Attachment;
        var outcome = host switch
        {
            { Error: not null } => DryRunOutcome.Failed,
            { Exists: false } => DryRunOutcome.Create,
            _ => host.Hash == target.Hash && host.Mode == wanted.Mode && host.Uid == wanted.Uid && host.Gid == wanted.Gid
                ? DryRunOutcome.Unchanged
                : DryRunOutcome.Change,
        };
        var (diff, note) = outcome is DryRunOutcome.Create or DryRunOutcome.Change ? Diff(file, target, host, mask) : (null, null);
        return new DryRunTargetView(
            new NamedView(target.Server.Id, target.Server.Name), target.Path, outcome, host.Exists ? host.Hash : null, target.Hash,
            host.Mode is { } mode ? FileModes.Show(mode) : null, FileModes.Show(wanted.Mode), host.Uid, wanted.Uid, host.Gid, wanted.Gid, diff, note,
            SyncErrorView.Of(host.Error));
    }

    private (string? Diff, string? Note) Diff(ConfigFile file, RenderedTarget target, HostFile host, SecretMask mask)
    {
        if (host.Exists && host.Hash == target.Hash)
        {
            return (null, "The bytes are the same; mode or owner differ.");
        }

        if (file.IsBinary || !Template.IsText(target.Content!, out var after))
        {
            return (null, "The file is no text.");
        }

        string? before = null;
        if (host.Exists && (host.SealedContent is null || !Template.IsText(box.OpenBytes(host.SealedContent), out before)))
        {
            return (null, "What the host holds is no text, or too large to compare.");
        }

        return MaskedDiff.Unified(target.Path, before, after, mask) is { } diff ? (diff, null) : (null, "The files are too long to compare line by line.");
    }
}
