using System.ComponentModel;
using DeployHub.Domain.Images;

namespace DeployHub.Api.Images;

internal sealed record ImageDigestAnswer(ImageDigestView Digest);

internal sealed record ImageDigestList(List<ImageDigestView> Digests, string? NextCursor);

internal sealed record ImageDigestView(
    [property: Description("What imageDigestId takes.")] Guid Id,
    Guid ContainerImageId,
    string ManifestDigest,
    [property: Description("The tag that last led to it.")] string? Tag,
    DateTime CreatedAt,
    DateTime LastSeenAt)
{
    public static ImageDigestView Of(ImageDigest x) => new(x.Id, x.ContainerImageId, x.ManifestDigest, x.Tag, x.CreatedAt, x.LastSeenAt);
}
