using DeployHub.Contracts.ConfigSync;
using DeployHub.Docker;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Servers;
using DeployHub.Persistence;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Work;
using DeployHub.Worker.Engines;
using DeployHub.Worker.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.ConfigSync;

/// <summary>Leaves nothing of a batch on its hosts: no file beside a target whose try was cut short, and no helper.</summary>
public sealed partial class CleanUpWork(DeployHubDb db, EngineClients engines, Helpers helpers, ILogger<CleanUpWork> log) : IStepWork
{
    public async Task Run(WorkClaim claim, CancellationToken lease)
    {
        var begun = await db.SyncTargets.AsNoTracking().Where(x => x.BatchId == claim.SubjectId && x.StartedAt != null)
            .Select(x => new BegunTarget(x.Id, x.ServerId, x.Path, x.Attempts > 1 || x.Error != null)).ToListAsync(lease);
        var ids = begun.Select(x => x.ServerId).Distinct().ToList();
        var servers = await db.Servers.AsNoTracking().Where(x => ids.Contains(x.Id)).ToListAsync(lease);
        var end = DateTime.UtcNow + SyncTimes.CleanUp;
        await Parallel.ForEachAsync(servers, lease, async (server, ct) =>
        {
            var cutShort = begun.FindAll(x => x.ServerId == server.Id && x.MayHaveLeft);
            if (await SyncPatience.Run(_ => CleanUp(server, claim.SubjectId, cutShort, ct), _ => end, engines.Circuit(server.Endpoint), server.Name, ct) is { } failure)
            {
                LeftOver(claim.SubjectId, server.Name, failure.Message);
            }
        });
        await End(claim, lease);
    }

    public Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease) => End(claim, lease);

    private async Task CleanUp(Server server, Guid batchId, List<BegunTarget> cutShort, CancellationToken ct)
    {
        var engine = engines.For(server.Endpoint);
        EngineException? refused = null;
        foreach (var target in cutShort)
        {
            try
            {
                var helper = await helpers.Ensure(engine, server, batchId, running: true, ct);
                await HostFiles.RemoveBeside(helper, await HostFiles.Resolve(helper, server, target.Path, ct), SyncRows.Temporary(target.Id), ct);
            }
            catch (SyncFailureException)
            {
                // Where nothing may be or can be written, nothing was left.
            }
            catch (EngineException e) when (e is not (EngineUnreachableException or EngineResponseLostException))
            {
                // The helper goes all the same; then it is told, or tried again.
                refused = e;
            }
        }

        await Helpers.Remove(engine, batchId, ct);
        if (refused is not null)
        {
            throw refused;
        }
    }

    private Task End(WorkClaim claim, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            await db.EndWork(claim.Act, claim.SubjectId, claim.Owner, ct);
            db.Send(Queues.ConfigSyncs, claim.SubjectId, new SyncBatchCleanedUp(claim.SubjectId));
        },
        ct);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The helper of batch {BatchId} may be left on server {Server}: {Reason} Remove the containers with the label deployhub.batch={BatchId} by hand.")]
    private partial void LeftOver(Guid batchId, string server, string reason);

    private sealed record BegunTarget(Guid Id, Guid ServerId, string Path, bool MayHaveLeft);
}
