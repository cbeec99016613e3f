using DeployHub.Docker;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Registries;
using DeployHub.Domain.Servers;
using DeployHub.Persistence.Secrets;

namespace DeployHub.Worker.Engines;

/// <summary>All that a worker needs to know of a step; read once, when it begins.</summary>
/// <param name="Step">The step's row.</param>
/// <param name="Plan">Its plan's row; the digest is fixed.</param>
/// <param name="Server">Where it happens.</param>
/// <param name="Registry">The registry's row, when the image is linked to one.</param>
/// <param name="Kept">A step of an earlier plan that failed or stopped half-way and keeps two containers on this target.</param>
public sealed record StepFacts(DeploymentStep Step, DeploymentPlan Plan, Server Server, Registry? Registry, DeploymentStep? Kept)
{
    /// <summary>Marks every container that DeployHub makes.</summary>
    public const string PlanLabel = "deployhub.plan";

    public const string StepLabel = "deployhub.step";
    public const string ServiceLabel = "deployhub.service";
    public const string DigestLabel = "deployhub.digest";

    private string Ticket => Step.Id.ToString("n")[^12..];

    /// <summary>What the new container is made from: by digest, never by a tag that may move.</summary>
    public string Image => Plan.LocalImage ? Plan.ImageDigest! : $"{Plan.ImageName}@{Plan.ImageDigest}";

    public string Name => Step.ContainerName;

    /// <summary>The new container's name until it takes the service's. Unique to the step, so that a repeated create is noticed.</summary>
    public string NameBefore => $"{Name}.new-{Ticket}";

    /// <summary>The former container's name while the new one has its name.</summary>
    public string FormerName => $"{Name}.old-{Ticket}";

    /// <summary>The new container's name after it was taken back and before it is removed.</summary>
    public string FailedName => $"{Name}.failed-{Ticket}";

    public IReadOnlyDictionary<string, string> Labels => new Dictionary<string, string>
    {
        [PlanLabel] = Plan.Id.ToString(),
        [StepLabel] = Step.Id.ToString(),
        [ServiceLabel] = Step.ServiceName,
        [DigestLabel] = Plan.ImageDigest!,
    };

    public RegistryCredentials? Credentials(SecretBox box) =>
        Registry is { Username: { } user, Password: { } password } ? new(user, box.Open(password), Registry.RegistryUrl) : null;
}
