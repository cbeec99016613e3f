using DeployHub.Contracts.Deployments;

namespace DeployHub.Contracts.Images;

/// <summary>Internal question to a worker: what does this tag mean right now?</summary>
/// <param name="ContainerImageId">The image.</param>
/// <param name="Tag">The tag.</param>
public record ResolveImageTag(Guid ContainerImageId, string Tag);

/// <summary>Internal answer to <see cref="ResolveImageTag"/>; exactly one of the two is set.</summary>
/// <param name="ManifestDigest"><c>sha256:…</c>.</param>
/// <param name="Error">Why it could not be resolved.</param>
public record ImageTagResolved(string? ManifestDigest, DeploymentError? Error);
