using DeployHub.Worker.Deployments;
using DeployHub.Worker.Engines;
using DeployHub.Worker.Work;

namespace DeployHub.Worker.ConfigSync;

/// <summary>One target of a batch: the host holds the file, or the target says why not.</summary>
public sealed class WriteWork(SyncRows rows, EngineClients engines, Writing writing) : IStepWork
{
    public async Task Run(WorkClaim claim, CancellationToken lease)
    {
        SyncFacts facts;
        try
        {
            facts = await rows.Begin(claim, SyncTimes.Write, lease);
        }
        catch (SyncFailureException e)
        {
            await rows.Failed(claim, await rows.BatchOf(claim.SubjectId, lease), e.Error, untouched: false, lease);
            return;
        }

        var engine = engines.For(facts.Server.Endpoint);
        var (tried, written) = (false, false);
        var failure = await SyncPatience.Run(
            async _ =>
            {
                tried = true;
                written = await writing.Run(claim, facts, engine, lease);
            },
            firstFault => facts.Target.Touched ? facts.Target.DeadlineAt!.Value : firstFault + StepTimes.UntouchedPatience,
            engines.Circuit(facts.Server.Endpoint),
            facts.Server.Name,
            lease,
            // What a former try has recorded counts.
            async () => facts = tried ? await rows.Read(claim.SubjectId, lease) : facts);
        if (failure is not null)
        {
            await rows.Failed(claim, facts.Target.BatchId, failure.Error, failure.Untouched, lease);
        }
        else if (written)
        {
            await rows.Written(claim, facts, lease);
        }
        else
        {
            await rows.Unchanged(claim, facts, lease);
        }
    }

    public async Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease) =>
        await rows.Failed(claim, await rows.BatchOf(claim.SubjectId, lease), SyncFaults.Unforeseen(problem), untouched: false, lease);
}
