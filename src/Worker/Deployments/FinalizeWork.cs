using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Deployments;
using DeployHub.Worker.Engines;
using DeployHub.Worker.Work;

namespace DeployHub.Worker.Deployments;

/// <summary>Removes the former container of a verified step, as long as the new one still serves and the former one still rests.</summary>
public sealed class FinalizeWork(StepRows rows, EngineClients engines) : IStepWork
{
    // An engine that was started again needs a moment to start its containers.
    private static readonly TimeSpan ToComeBack = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    public async Task Run(WorkClaim claim, CancellationToken lease)
    {
        var facts = await rows.Begin(claim, StepPhase.Verifying, lease);
        var engine = engines.For(facts.Server.Endpoint);
        var end = DateTime.UtcNow + StepTimes.Finalize;
        LeftOver? leftOver = null;
        var error = await Patience.Run(
            async _ =>
            {
                leftOver = await CleanUp(facts, engine, lease);
                return null;
            },
            _ => end,
            engines.Circuit(facts.Server.Endpoint),
            facts.Server.Name,
            lease);
        await rows.Finalized(claim, facts, error is null ? leftOver : Resting(facts, error.Message), lease);
    }

    public async Task GiveUp(WorkClaim claim, Exception problem, CancellationToken lease)
    {
        var facts = await rows.Read(claim.SubjectId, lease);
        await rows.Finalized(claim, facts, Resting(facts, Unforeseen.Error(problem).Message), lease);
    }

    private static async Task<LeftOver?> CleanUp(StepFacts facts, EngineClient engine, CancellationToken ct)
    {
        var until = DateTime.UtcNow + ToComeBack;
        var former = await engine.FindContainer(facts.Step.FromContainerId!, ct);
        while (former is { State.Running: false } && await engine.FindContainer(facts.Step.ToContainerId!, ct) is not { State.Running: true })
        {
            if (DateTime.UtcNow >= until)
            {
                return Resting(facts, "the new container does not run any more.");
            }

            await Task.Delay(LookEvery, ct);
            former = await engine.FindContainer(former.Id, ct);
        }

        if (former is null)
        {
            return null;
        }

        if (former.State.Running)
        {
            return InUse(facts, "somebody has started it.");
        }

        try
        {
            await engine.RemoveContainer(former.Id, force: false, removeVolumes: false, ct);
            return null;
        }
        catch (EngineConflictException e)
        {
            return InUse(facts, e.Message);
        }
        catch (EngineException e) when (!EngineFaults.MayPass(e))
        {
            return Resting(facts, e.Message);
        }
    }

    private static LeftOver Resting(StepFacts facts, string reason) =>
        new($"{Kept(facts)} {reason} The next deploy that gets so far removes it; until then it rests.", NextClears: true);

    private static LeftOver InUse(StepFacts facts, string reason) =>
        new($"{Kept(facts)} {reason} Remove it by hand when it is not needed any more.", NextClears: false);

    private static string Kept(StepFacts facts) =>
        $"The former container «{facts.FormerName}» ({facts.Step.FromContainerId![..12]}) was kept on server «{facts.Server.Name}»:";
}
