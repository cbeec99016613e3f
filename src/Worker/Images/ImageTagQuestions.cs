using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Images;
using DeployHub.Docker;
using DeployHub.Persistence;
using DeployHub.Worker.Engines;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Images;

/// <summary>Answers what a tag means, through the first engine of the image's environment that answers.</summary>
public sealed class ImageTagQuestions(DeployHubDb db, EngineClients engines, DigestResolution digests) : IConsumer<ResolveImageTag>
{
    public async Task Consume(ConsumeContext<ResolveImageTag> context) => await context.RespondAsync(await Answer(context.Message, context.CancellationToken));

    private async Task<ImageTagResolved> Answer(ResolveImageTag question, CancellationToken ct)
    {
        var image = await db.ContainerImages.AsNoTracking().SingleAsync(x => x.Id == question.ContainerImageId, ct);
        var registry = await db.Registries.AsNoTracking().SingleOrDefaultAsync(x => x.Id == image.RegistryConnectionId, ct);
        var servers = await db.Servers.AsNoTracking().Where(x => x.EnvironmentId == image.EnvironmentId).OrderBy(x => x.Status).ToListAsync(ct);
        DeploymentError? error = null;
        foreach (var server in servers)
        {
            try
            {
                var engine = engines.For(server.Endpoint);
                await engines.Circuit(server.Endpoint).Check(doubt: true, ct);
                var (digest, local) = await digests.Resolve(image.ImageName, question.Tag, null, registry, [(engine, server.Name)], TimeSpan.Zero, ct);
                return local
                    ? new ImageTagResolved(null, new DeploymentError(DeploymentErrorCodes.ImageNotFound, $"{image.ImageName}:{question.Tag} is in no registry, only on server «{server.Name}»; it has no manifest digest."))
                    : new ImageTagResolved(digest, null);
            }
            catch (StepFailureException e)
            {
                return new ImageTagResolved(null, e.Error);
            }
            catch (EngineException e)
            {
                error = EngineFaults.Explain(e, server.Name);
            }
        }

        return new ImageTagResolved(null, error ?? new DeploymentError(DeploymentErrorCodes.EngineUnreachable, "The environment has no server to ask the registry through. Add one."));
    }
}
