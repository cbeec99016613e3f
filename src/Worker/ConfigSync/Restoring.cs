using DeployHub.Contracts.ConfigSync;
using DeployHub.Docker;
using DeployHub.Persistence.Secrets;

namespace DeployHub.Worker.ConfigSync;

/// <summary>Brings one target back to its snapshot: bytes, mode and owner, or absence; never over what somebody else has put there since.</summary>
public sealed class Restoring(Helpers helpers, SecretBox secrets)
{
    private const int MostBytes = int.MaxValue;

    internal async Task Run(SyncFacts facts, EngineClient engine, CancellationToken lease)
    {
        var (target, server) = (facts.Target, facts.Server);
        var former = target.Snapshot is null ? null : await FileState.FromTar(new MemoryStream(secrets.OpenBytes(target.Snapshot)), MostBytes, lease);
        var helper = await helpers.Ensure(engine, server, target.BatchId, running: true, lease);
        string path;
        try
        {
            path = await HostFiles.Resolve(helper, server, target.Path, lease);
        }
        catch (SyncFailureException e) when (former is null && e.Error.Code == SyncErrorCodes.MissingFolder)
        {
            // Nothing was there, and now not even the folder is.
            return;
        }

        var seen = await HostFiles.Read(helper, path, lease);
        if (seen?.Mark != former?.Mark)
        {
            if (seen?.Hash != target.ToHash && seen?.Hash != target.FromHash)
            {
                throw new SyncFailureException(SyncErrorCodes.RestoreFailed,
                    seen is null ? "Somebody else has removed the file since." : "Somebody else has changed the file since, and it was left alone.");
            }

            await Exchange(helper, facts, path, seen, former, lease);
        }

        // The container read the new bytes; it has to read the former ones. One that ran and could not live with the new ones is started again.
        if (target.Reloaded && await Reload.FindTold(engine, facts, lease) is { } container)
        {
            await Reload.Run(engine, facts, container, lease);
        }
    }

    private static async Task Exchange(Helper helper, SyncFacts facts, string path, FileState? seen, FileState? former, CancellationToken lease)
    {
        try
        {
            if (former is not null)
            {
                await HostFiles.PutBeside(helper, path, facts.Temporary, former, lease);
            }

            if ((await HostFiles.Exchange(helper, path, facts.Temporary, seen, former, lease)).Error is { } error
                && (await HostFiles.Read(helper, path, lease))?.Mark != former?.Mark)
            {
                throw new SyncFailureException(error);
            }
        }
        catch (Exception e) when (e is SyncFailureException or EngineServerException or EngineBadRequestException)
        {
            await HostFiles.RemoveBeside(helper, path, facts.Temporary, lease);
            throw;
        }
    }
}
