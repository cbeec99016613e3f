using DeployHub.Contracts.Deployments;
using DeployHub.Docker;
using DeployHub.Domain.Registries;
using DeployHub.Persistence.Secrets;

namespace DeployHub.Worker.Engines;

/// <summary>What a tag means right now, asked once a plan through an engine, which knows how to reach the registry.</summary>
public sealed class DigestResolution(SecretBox box, RegistryWays registries)
{
    /// <summary>The digest to deploy. Throws <see cref="StepFailureException"/> when there is none, or the tag has moved.</summary>
    /// <param name="imageName">The repository.</param>
    /// <param name="tag">The tag asked for, if any.</param>
    /// <param name="requested">The digest asked for, if any; then the tag only has to agree.</param>
    /// <param name="registry">The registry's row, for its credentials.</param>
    /// <param name="engines">The engines that will run it; the first one asks.</param>
    /// <param name="patience">How long the registry, or the engine that asks, may be away.</param>
    /// <param name="ct">Ends the asking.</param>
    public async Task<(string Digest, bool LocalImage)> Resolve(
        string imageName, string? tag, string? requested, Registry? registry, IReadOnlyList<(EngineClient Engine, string Server)> engines, TimeSpan patience, CancellationToken ct)
    {
        if (tag is null)
        {
            return (requested!, false);
        }

        var image = $"{imageName}:{tag}";
        var (engine, server) = engines[0];
        try
        {
            var (digest, local) = await RegistryWays.Patiently(Ask, patience, ct, engineToo: true);
            return requested is null || requested == digest
                ? (digest, local)
                : throw new StepFailureException(DeploymentErrorCodes.TagMoved,
                    $"Tag «{tag}» of {imageName} points to {digest} now, not to {requested} as asked for. Nothing was touched. Deploy the digest alone, or the tag alone.");
        }
        catch (EngineException e) when (!EngineFaults.MayPass(e))
        {
            return requested is null && await FindLocal(image, imageName, engines, ct) is { } id
                ? (id, true)
                : throw new StepFailureException(NotLocalEither(EngineFaults.Explain(e, server, image), imageName, image));
        }
        catch (EngineException e)
        {
            throw new StepFailureException(EngineFaults.Explain(e, server, image));
        }

        async Task<(string Digest, bool Local)> Ask(CancellationToken token)
        {
            try
            {
                return (await registries.ResolveDigest(engine, image, Credentials(), token), false);
            }
            catch (RegistryUnreachableException) when (requested is null)
            {
                // An image of the engines' own needs no registry, so none is waited for.
                if (await FindLocal(image, imageName, engines, token) is { } id)
                {
                    return (id, true);
                }

                throw;
            }
        }

        RegistryCredentials? Credentials() =>
            registry is { Username: { } user, Password: { } password } ? new RegistryCredentials(user, box.Open(password), registry.RegistryUrl) : null;
    }

    // A name without a registry's host is often meant for an image of the engine's own; then the registry is not what is wrong.
    private static DeploymentError NotLocalEither(DeploymentError error, string imageName, string image)
    {
        var first = imageName.Split('/')[0];
        var namesRegistry = imageName.Contains('/', StringComparison.Ordinal) && (first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal));
        return namesRegistry ? error : error with { Message = $"{error.Message} The engines do not all hold {image} as an image of their own either." };
    }

    // An image that was built on the engines and never pushed has no manifest digest; it is known by its id, if that is the same everywhere.
    private static async Task<string?> FindLocal(
        string image, string imageName, IReadOnlyList<(EngineClient Engine, string Server)> engines, CancellationToken ct)
    {
        string? id = null;
        foreach (var (engine, _) in engines)
        {
            var found = await engine.FindImage(image, ct);
            if (found is null || found.RepoDigests.Any(x => ImageReference.Parse(x).Repository == imageName) || (id is not null && id != found.Id))
            {
                return null;
            }

            id = found.Id;
        }

        return id;
    }
}
