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
        var tried = false;
        DeploymentError? error;
        try
        {
            error = await Patience.Run(Attempt, Deadline, engines.Circuit(facts.Server.Endpoint), facts.Server.Name, lease, HeedStop);
        }
        catch (Exception e) when (e is StepStoppedException || (e is OperationCanceledException && claim.Stop.BeforeTouch.IsCancellationRequested && !lease.IsCancellationRequested))
        {
            facts = await rows.Read(claim.SubjectId, lease);
            if (facts.Step.TouchedNow && !claim.Stop.Anywhere.IsCancellationRequested)
            {
                // What it changed is kept, so it has to be seen through: this was no stop.
                throw;
            }

            await rows.Stopped(claim, facts.Plan.Id, await TryWithdraw(), lease);
            return;
        }

        if (error is null)
        {
            await rows.Succeeded(claim, facts, lease);
        }
        else
        {
            await rows.Failed(claim, facts.Plan.Id, error, lease);
        }

        // A step that has not touched anything yet has nothing to lose by failing soon; one that has must see it through.
        DateTime Deadline(DateTime firstFault) => facts.Step.TouchedNow ? facts.Step.DeadlineAt!.Value : firstFault + StepTimes.UntouchedPatience;

        // What a former try has recorded counts.
        async Task HeedStop()
        {
            facts = tried ? await rows.Read(claim.SubjectId, lease) : facts;
            (facts.Step.TouchedNow ? claim.Stop.Anywhere : claim.Stop.BeforeTouch).ThrowIfCancellationRequested();
        }

        async Task<DeploymentError?> Attempt(bool again)
        {
            tried = true;
            try
            {
                return await replacement.Run(claim, facts, engine, again, lease);
            }
            catch (StepFailureException e)
            {
                facts = await rows.Read(claim.SubjectId, lease);
                await WithdrawUnlessTouched();
                return e.Error;
            }
        }

        // A stop does not wait for an engine that is away. Null, or what may be left there.
        async Task<string?> TryWithdraw()
        {
            try
            {
                await engines.Circuit(facts.Server.Endpoint).Check(doubt: true, lease);
                await WithdrawUnlessTouched();
                return null;
            }
            catch (EngineException e) when (EngineFaults.MayPass(e))
            {
                return $"The Docker Engine of server «{facts.Server.Name}» did not answer when this step was stopped, so a container «{facts.NameBefore}» that never ran may be left there. {e.Message} Remove it by hand.";
            }
        }

        Task WithdrawUnlessTouched() => facts.Step.TouchedNow ? Task.CompletedTask : replacement.Withdraw(facts, engine, lease);
    }

    public async Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease) =>
        await rows.Failed(claim, await rows.PlanOf(claim.SubjectId, lease), Unforeseen.Error(problem), lease);
}
