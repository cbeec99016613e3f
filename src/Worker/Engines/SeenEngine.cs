using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Servers;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Worker.Deployments;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Engines;

/// <summary>What a look at a server's engine gave.</summary>
internal sealed record SeenEngine(Server Server, EngineInfo? Info, DeploymentError? Error)
{
    /// <summary>Tells the server's row, in the caller's transaction.</summary>
    public async Task Record(DeployHubDb db, CancellationToken ct)
    {
        var row = db.Servers.Where(x => x.Id == Server.Id);
        var now = DateTime.UtcNow;
        if (Info is null)
        {
            await row.ExecuteUpdateAsync(set => set.SetProperty(x => x.Status, ServerStatus.Unreachable).SetProperty(x => x.StatusMessage, Error!.Message), ct);
            return;
        }

        await row.ExecuteUpdateAsync(
            set => set
                .SetProperty(x => x.EngineId, Info.Id)
                .SetProperty(x => x.EngineVersion, Info.ServerVersion)
                .SetProperty(x => x.Status, ServerStatus.Reachable)
                .SetProperty(x => x.StatusMessage, (string?)null)
                .SetProperty(x => x.LastSeenAt, now),
            ct);
        if (Server.EngineId is null)
        {
            await db.NameByEngine(Server.Id, Info.Id, ct);
        }
    }
}

internal static class EngineLooks
{
    private const int EnginesAtOnce = 16;

    /// <summary>Asks every server's engine who it is; one that is away for a moment is waited for.</summary>
    public static async Task<IReadOnlyList<SeenEngine>> Look(this EngineClients engines, IReadOnlyList<Server> servers, CancellationToken ct)
    {
        var seen = new SeenEngine[servers.Count];
        await Parallel.ForAsync(0, servers.Count, new ParallelOptions { MaxDegreeOfParallelism = EnginesAtOnce, CancellationToken = ct },
            async (i, token) => seen[i] = await Look(engines, servers[i], token));
        return seen;
    }

    private static async Task<SeenEngine> Look(EngineClients engines, Server server, CancellationToken ct)
    {
        EngineInfo? info = null;
        var end = DateTime.UtcNow + StepTimes.PreparePatience;
        var error = await Patience.Run(
            async _ =>
            {
                info = await engines.For(server.Endpoint).GetInfo(ct);
                return null;
            },
            _ => end,
            engines.Circuit(server.Endpoint),
            server.Name,
            ct);
        return new SeenEngine(server, info, error);
    }
}
