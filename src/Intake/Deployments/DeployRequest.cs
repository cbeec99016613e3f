using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using DeployHub.Contracts.Deployments;
using DeployHub.Intake.Images;

namespace DeployHub.Intake.Deployments;

/// <summary>What to deploy, and how. At least one of tag and digest.</summary>
public record DeployRequest
{
    public const int MostParallel = 64;

    [Description("The tag to deploy. Resolved to its manifest digest once; every server then pulls that digest.")]
    [MinLength(1)]
    public string? ImageTag { get; init; }

    [Description("The digest to deploy: the id of a recorded digest, or sha256:…. Given together with imageTag, the tag must still point to it.")]
    [MinLength(1)]
    public string? ImageDigestId { get; init; }

    [Description("Take every service back to what ran before when one of them fails.")]
    [DefaultValue(true)]
    public bool AutoRollback { get; init; } = true;

    [Description("How many containers may be replaced at a time: 1 to 64.")]
    [DefaultValue(1)]
    [Range(1, MostParallel)]
    public int MaxParallel { get; init; } = 1;

    [Description("When another plan holds, or waits for, one of the containers: queue waits for it, reject answers 409, supersede ends older plans of this image that still wait.")]
    [DefaultValue(OnConflict.Queue)]
    public OnConflict OnConflict { get; init; } = OnConflict.Queue;

    internal IEnumerable<Refusal> Problems()
    {
        if (ImageTag is null && ImageDigestId is null)
        {
            yield return new Refusal(
                400, Contracts.Errors.ErrorCodes.ValidationError, "Give «imageTag», «imageDigestId», or both.", "imageTag",
                "«imageTag» is resolved to its digest once; «imageDigestId» deploys exactly that digest.");
        }

        if (ImageTag is not null && !ImageRules.IsTag(ImageTag))
        {
            yield return ImageRules.BadTag("imageTag", ImageTag);
        }

        if (ImageDigestId is not null && !Guid.TryParse(ImageDigestId, out _) && !ImageRules.IsDigest(ImageDigestId))
        {
            yield return Refusal.Invalid("imageDigestId", "must be the id of a recorded digest, or «sha256:» and 64 hex digits in lower case.");
        }

        if (MaxParallel is < 1 or > MostParallel)
        {
            yield return Refusal.Invalid("maxParallel", $"must be from 1 to {MostParallel}.");
        }
    }
}
