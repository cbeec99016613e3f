using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Persistence.Secrets;
using DeployHub.Worker.Deployments;

namespace DeployHub.Worker.Engines;

/// <summary>Brings the plan's image to an engine, by digest.</summary>
public sealed class ImageSupply(SecretBox box, RegistryWays registries, PullLog log)
{
    /// <summary>The image as the engine holds it, pulled if need be. Throws <see cref="StepFailureException"/> when it cannot be had.</summary>
    public async Task<ImageInspection> Get(StepFacts facts, EngineClient engine, CancellationToken ct)
    {
        if (await engine.FindImage(facts.Image, ct) is { } present)
        {
            return present;
        }

        if (facts.Plan.LocalImage)
        {
            throw new StepFailureException(DeploymentErrorCodes.ImageNotFound,
                $"Image {facts.Image} is in no registry, and server «{facts.Server.Name}» does not hold it any more. Load it there, or push it to a registry.");
        }

        await Pull(facts, engine, facts.Image, ct);
        return await engine.GetImage(facts.Image, ct);
    }

    /// <summary>Pulls <paramref name="image"/> for the step; a refusal, or a registry that stays away, ends the step with the reason.</summary>
    public async Task Pull(StepFacts facts, EngineClient engine, string image, CancellationToken ct)
    {
        try
        {
            await log.Follow(
                facts,
                progress => RegistryWays.Patiently(
                    async token =>
                    {
                        await registries.Pull(engine, image, facts.Credentials(box), progress, token);
                        return true;
                    },
                    StepTimes.UntouchedPatience,
                    ct),
                ct);
        }
        catch (EngineException e) when (!EngineFaults.MayPass(e))
        {
            throw new StepFailureException(EngineFaults.Explain(e, facts.Server.Name, image));
        }
    }

    /// <summary>The digest under which a registry knows the image, or the image's id when none does.</summary>
    public static string DigestOf(ImageInspection image, string repository)
    {
        var named = image.RepoDigests.Select(ImageReference.Parse).ToList();
        return (named.Find(x => x.Repository == repository) ?? named.FirstOrDefault())?.Digest ?? image.Id;
    }
}
