using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
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
    public async Task Run(WorkClaim claim, CancellationToken lease)
    {
        var servers = await db.Servers.AsNoTracking()
            .Where(server => db.Steps.Any(step => step.PlanId == claim.SubjectId && step.ServerId == server.Id)).ToListAsync(lease);

        // The engines are asked while the rest is read.
        var looking = engines.Look(servers, lease);
        var plan = await db.Plans.AsNoTracking().SingleAsync(x => x.Id == claim.SubjectId, lease);
        var steps = await db.Steps.AsNoTracking().Where(x => x.PlanId == plan.Id).OrderBy(x => x.Order)
            .Select(x => new PreparedStep(x.Id, x.ServerId, x.ServiceName, x.ContainerName)).ToListAsync(lease);
        var outcome = new Preparation(plan, steps, await looking);
        if (outcome.Error is null && plan.ImageDigest is { } settled)
        {
            // A plan that goes on means what it meant when it began, wherever the tag points by now.
            (outcome.Digest, outcome.LocalImage) = (settled, plan.LocalImage);
        }
        else if (outcome.Error is null)
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
                outcome.Plan.ImageName, outcome.Plan.ImageTag, outcome.Plan.RequestedDigest, registry, where, StepTimes.PreparePatience, lease);
        }
        catch (StepFailureException e)
        {
            outcome.Error = e.Error;
        }
    }
}

/// <summary>A step as far as its preparation goes.</summary>
internal sealed record PreparedStep(Guid Id, Guid ServerId, string ServiceName, string ContainerName);
