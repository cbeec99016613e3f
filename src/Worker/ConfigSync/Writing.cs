using DeployHub.Contracts.ConfigSync;
using DeployHub.Docker;
using DeployHub.Persistence.Secrets;
using DeployHub.Worker.Work;

namespace DeployHub.Worker.ConfigSync;

/// <summary>Makes one target so, from whatever stands there: read, put beside, keep what was there, exchange, tell the container.</summary>
public sealed class Writing(SyncRows rows, Helpers helpers, SecretBox secrets)
{
    /// <summary>True when it was written, false when the host held it already.</summary>
    internal async Task<bool> Run(WorkClaim claim, SyncFacts facts, EngineClient engine, CancellationToken lease)
    {
        var (target, server) = (facts.Target, facts.Server);
        var wanted = new FileState(secrets.OpenBytes(target.Content), target.Mode, target.Uid, target.Gid, DateTimeOffset.UtcNow);
        HostFiles.CheckAllowed(server, target.Path);
        var helper = await helpers.Ensure(engine, server, target.BatchId, running: false, lease);
        var (path, seen) = await Look(helper, facts, wanted, lease);
        if (wanted.IsSameAs(seen))
        {
            return await Confirm(claim, facts, engine, lease);
        }

        if (target.Touched && seen?.Hash != target.FromHash)
        {
            throw new SyncFailureException(SyncErrorCodes.ChangedOnHost,
                $"«{target.Path}» on server «{server.Name}» holds neither what was there before nor what was to be written: somebody else changed it meanwhile, and it was left alone.");
        }

        await Reload.Check(engine, facts, path, lease);
        helper = helper.Running ? helper : await helpers.Ensure(engine, server, target.BatchId, running: true, lease);
        try
        {
            await HostFiles.PutBeside(helper, path, facts.Temporary, wanted, lease);
            if (!target.Touched)
            {
                await rows.Touch(claim, seen?.Hash, seen is null ? null : secrets.SealBytes(seen.Tar(HostPath.Name(path)).ToArray()), lease);
            }

            var exchanged = await HostFiles.Exchange(helper, path, facts.Temporary, seen, wanted, lease);
            if (exchanged.Error is { } error && !wanted.IsSameAs(await Again(helper, path, lease)))
            {
                throw new SyncFailureException(error) { Untouched = exchanged.Untouched && !target.Touched };
            }
        }
        catch (Exception e) when (e is SyncFailureException or EngineServerException or EngineBadRequestException)
        {
            await HostFiles.RemoveBeside(helper, path, facts.Temporary, lease);
            throw;
        }

        await Tell(claim, facts, engine, lease);
        return true;
    }

    // The read through the path as it is named costs one call. Whatever it finds right is right: the helper sees no other folders.
    private static async Task<(string Path, FileState? Seen)> Look(Helper helper, SyncFacts facts, FileState wanted, CancellationToken lease)
    {
        SyncFailureException? noFile = null;
        FileState? seen = null;
        try
        {
            seen = await HostFiles.Read(helper, facts.Target.Path, lease);
        }
        catch (SyncFailureException e)
        {
            noFile = e;
        }

        if (wanted.IsSameAs(seen))
        {
            return (facts.Target.Path, seen);
        }

        var path = await HostFiles.Resolve(helper, facts.Server, facts.Target.Path, lease);
        return path == facts.Target.Path
            ? noFile is null ? (path, seen) : throw noFile
            : (path, await HostFiles.Read(helper, path, lease));
    }

    private async Task<bool> Confirm(WorkClaim claim, SyncFacts facts, EngineClient engine, CancellationToken lease)
    {
        if (!facts.Target.Touched)
        {
            return false;
        }

        // A former try wrote it and was lost before it could say so.
        await Tell(claim, facts, engine, lease);
        return true;
    }

    private async Task Tell(WorkClaim claim, SyncFacts facts, EngineClient engine, CancellationToken lease)
    {
        if (await Reload.FindRunning(engine, facts, lease) is { } container)
        {
            await rows.Reloading(claim, lease);
            await Reload.Run(engine, facts, container, lease);
        }
    }

    // An exchange that was begun by a former, lost call may have come through meanwhile.
    private static async Task<FileState?> Again(Helper helper, string path, CancellationToken lease)
    {
        try
        {
            return await HostFiles.Read(helper, path, lease);
        }
        catch (SyncFailureException)
        {
            return null;
        }
    }
}
