using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Deployments;
using DeployHub.Worker.Engines;
using DeployHub.Worker.Work;

namespace DeployHub.Worker.Deployments;

/// <summary>One step of a plan: the new container serves, or the step says why not.</summary>
public sealed class DeployWork(StepRows rows, EngineClients engines, Replacement replacement) : IStepWork
{
    public async Task Run(WorkClaim claim, CancellationToken lease)
    {
        var facts = await rows.Begin(claim, StepPhase.Pulling, lease);
        var engine = engines.For(facts.Server.Endpoint);
        var error = await Patience.Run(
            again => Attempt(claim, facts, engine, again, lease), () => Deadline(facts), facts.Server.Name, lease);
        if (error is null)
        {
            await rows.Succeeded(claim, facts, lease);
        }
        else
        {
            await rows.Failed(claim, facts.Plan.Id, error, lease);
        }

        // A step that has not touched anything yet has nothing to lose by failing soon; one that has must see it through.
        DateTime Deadline(StepFacts known) => known.Step.Touched
            ? known.Step.DeadlineAt!.Value
            : DateTime.UtcNow < known.Step.StartedAt!.Value + StepTimes.UntouchedPatience ? known.Step.StartedAt.Value + StepTimes.UntouchedPatience : DateTime.UtcNow;

        async Task<DeploymentError?> Attempt(WorkClaim mine, StepFacts known, EngineClient client, bool again, CancellationToken ct)
        {
            // What a former try has recorded in the meantime counts.
            facts = again ? await rows.Read(mine.SubjectId, ct) : known;
            try
            {
                return await replacement.Run(mine, facts, client, again, ct);
            }
            catch (StepFailureException e)
            {
                facts = await rows.Read(mine.SubjectId, ct);
                if (!facts.Step.Touched)
                {
                    await replacement.Withdraw(facts, client, ct);
                }

                return e.Error;
            }
        }
    }

    public async Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease) =>
        await rows.Failed(claim, await rows.PlanOf(claim.SubjectId, lease), Unforeseen.Error(problem), lease);
}
