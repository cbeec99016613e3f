using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Servers;
using DeployHub.Persistence;
using DeployHub.Worker.Engines;
using DeployHub.Worker.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Deployments;

/// <summary>
/// What has to be known before anything is touched: that every engine answers, which engine it is (locks are keyed by its id), and what
/// the tag means right now. Either all of it is settled and the plan may begin, or it ends here with the reason.
/// </summary>
public sealed class PrepareWork(DeployHubDb db, EngineClients engines, DigestResolution digests) : IStepWork
{
    private const int EnginesAtOnce = 16;

    public async Task Run(WorkClaim claim, CancellationToken lease)
    {
        var servers = await db.Servers.AsNoTracking()
            .Where(server => db.Steps.Any(step => step.PlanId == claim.SubjectId && step.ServerId == server.Id)).ToListAsync(lease);

        // The engines are asked while the rest is read.
        var looking = LookAtAll(servers, lease);
        var plan = await db.Plans.AsNoTracking().SingleAsync(x => x.Id == claim.SubjectId, lease);
        var steps = await db.Steps.AsNoTracking().Where(x => x.PlanId == plan.Id).OrderBy(x => x.Order)
            .Select(x => new PreparedStep(x.Id, x.ServerId, x.ServiceName, x.ContainerName)).ToListAsync(lease);
        var outcome = new Preparation(plan, steps, await looking);
        if (outcome.Error is null)
        {
            await Resolve(outcome, lease);
        }

        await outcome.Commit(db, claim, lease);
    }

    public async Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease)
    {
        var plan = await db.Plans.AsNoTracking().SingleAsync(x => x.Id == claim.SubjectId, lease);
        await new Preparation(plan, [], []) { Error = Unforeseen.Error(problem) }.Commit(db, claim, lease);
    }

    private async Task Resolve(Preparation outcome, CancellationToken lease)
    {
        try
        {
            var where = outcome.Engines.Select(x => (engines.For(x.Server.Endpoint), x.Server.Name)).ToList();
            var registry = await db.Registries.AsNoTracking().SingleOrDefaultAsync(x => x.Id == outcome.Plan.RegistryConnectionId, lease);
            (outcome.Digest, outcome.LocalImage) = await digests.Resolve(
                outcome.Plan.ImageName, outcome.Plan.ImageTag, outcome.Plan.RequestedDigest, registry, where, lease);
        }
        catch (StepFailureException e)
        {
            outcome.Error = e.Error;
        }
    }

    private async Task<SeenEngine[]> LookAtAll(List<Server> servers, CancellationToken lease)
    {
        var seen = new SeenEngine[servers.Count];
        await Parallel.ForAsync(0, servers.Count, new ParallelOptions { MaxDegreeOfParallelism = EnginesAtOnce, CancellationToken = lease },
            async (i, ct) => seen[i] = await Look(servers[i], ct));
        return seen;
    }

    private async Task<SeenEngine> Look(Server server, CancellationToken ct)
    {
        EngineInfo? info = null;
        var end = DateTime.UtcNow + StepTimes.UntouchedPatience;
        var error = await Patience.Run(
            async _ =>
            {
                info = await engines.For(server.Endpoint).GetInfo(ct);
                return null;
            },
            _ => end,
            server.Name,
            ct);
        return new SeenEngine(server, info, error);
    }
}

/// <summary>A step as far as its preparation goes.</summary>
internal sealed record PreparedStep(Guid Id, Guid ServerId, string ServiceName, string ContainerName);

/// <summary>What a look at a server's engine gave.</summary>
internal sealed record SeenEngine(Server Server, EngineInfo? Info, DeploymentError? Error);
