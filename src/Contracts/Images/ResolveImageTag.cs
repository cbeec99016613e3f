using DeployHub.Contracts.Deployments;

namespace DeployHub.Contracts.Images;

/// <summary>Internal: asks a worker which manifest digest a tag points to now. Answered with <see cref="ImageTagResolved"/>.</summary>
/// <param name="ContainerImageId">The image.</param>
/// <param name="Tag">The tag.</param>
public record ResolveImageTag(Guid ContainerImageId, string Tag);

/// <summary>Internal: the answer to <see cref="ResolveImageTag"/>. Exactly one of the two is set.</summary>
/// <param name="ManifestDigest"><c>sha256:</c> and 64 hex digits.</param>
/// <param name="Error">Why it could not be resolved.</param>
public record ImageTagResolved(string? ManifestDigest, DeploymentError? Error);
