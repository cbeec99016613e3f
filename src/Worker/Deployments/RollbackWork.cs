using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Worker.Engines;
using DeployHub.Worker.Work;

namespace DeployHub.Worker.Deployments;

/// <summary>Takes one step back: what ran before runs again and has passed the gate, or the step says what an operator has to do.</summary>
public sealed class RollbackWork(StepRows rows, EngineClients engines, Restoration restoration) : IStepWork
{
    public async Task Run(WorkClaim claim, CancellationToken lease)
    {
        var facts = await rows.Begin(claim, StepPhase.Restoring, lease);
        var engine = engines.For(facts.Server.Endpoint);
        RestorationResult? result = null;
        var error = await Patience.Run(
            async _ =>
            {
                try
                {
                    result = await restoration.Run(facts, engine, lease);
                    return result.Error;
                }
                catch (StepFailureException e)
                {
                    return e.Error;
                }
            },
            _ => facts.Step.DeadlineAt!.Value,
            engines.Circuit(facts.Server.Endpoint),
            facts.Server.Name,
            lease);
        if (error is null)
        {
            await rows.Restored(claim, facts, result!.ContainerId, result.Recreated, lease);
        }
        else
        {
            await rows.NotRestored(claim, facts.Plan.Id, Explain(facts, error), lease);
        }
    }

    public async Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease) =>
        await rows.NotRestored(claim, await rows.PlanOf(claim.SubjectId, lease), Unforeseen.Error(problem), lease);

    // The operator reads this at night: what stands where, and what to do.
    private static DeploymentError Explain(StepFacts facts, DeploymentError error) => error with
    {
        Code = error.Code == DeploymentErrorCodes.ContainerChanged ? error.Code : DeploymentErrorCodes.RestoreFailed,
        Message = $"Service «{facts.Step.ServiceName}» on server «{facts.Server.Name}» could not be brought back. {error.Message} "
            + (facts.Step.FromContainerId is { } former
                ? $"Its former container is {former[..12]}, named «{facts.Name}» or «{facts.FormerName}»; the one that replaced it is named «{facts.FailedName}» or «{facts.Name}». Neither was removed. Look at both with «docker inspect», then start the one that should serve under the name «{facts.Name}»."
                : $"It had no container before; remove «{facts.Name}» or «{facts.FailedName}» by hand."),
    };
}
