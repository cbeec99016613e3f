using System.ComponentModel;
using DeployHub.Domain.Images;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Images;

/// <summary>A digest to record: by the tag that leads to it, or itself.</summary>
public record NewImageDigest
{
    [Description("A tag; the registry is asked for the manifest digest that it points to now.")]
    public string? Tag { get; init; }

    [Description("sha256: and 64 hex digits in lower case.")]
    public string? ManifestDigest { get; init; }

    public Refusal? Check() => this switch
    {
        { Tag: null, ManifestDigest: null } or { Tag: not null, ManifestDigest: not null } =>
            Refusal.Invalid("tag", "or «manifestDigest» must be given, and not both."),
        { Tag: { } tag } when !ImageRules.IsTag(tag) => ImageRules.BadTag("tag", tag),
        { ManifestDigest: { } digest } when !ImageRules.IsDigest(digest) =>
            Refusal.Invalid("manifestDigest", "must be «sha256:» and 64 hex digits in lower case."),
        _ => null,
    };
}

/// <summary>The recorded digest, and whether it was not known before.</summary>
public record RecordedDigest(ImageDigest Digest, bool IsNew);

/// <summary>Records a manifest digest of an image, so that it can be deployed by its id.</summary>
public sealed class RecordDigest(DeployHubDb db)
{
    /// <param name="containerImageId">The image.</param>
    /// <param name="request">The digest, or the tag that leads to it.</param>
    /// <param name="resolve">Asks where the tag leads; not asked when the request is a repeated one.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ct">Ends the try.</param>
    public Task<Result<RecordedDigest>> Record(
        Guid containerImageId, NewImageDigest request, Func<string, Task<Result<string>>> resolve, Caller caller, CancellationToken ct) => db.Once(
        caller, $"record digest {containerImageId}", request,
        async by =>
        {
            var resolved = request.ManifestDigest is { } given ? given : await resolve(request.Tag!);
            return resolved.IsRefused(out var refusal, out var digest) ? refusal : await Make(containerImageId, digest, request.Tag, by, ct);
        },
        async row => await db.ImageDigests.FindAsync([row.ResourceId], ct) is { } known ? new RecordedDigest(known, known.CreatedAt == row.CreatedAt) : null,
        ct);

    private async Task<Result<RecordedDigest>> Make(Guid containerImageId, string manifestDigest, string? tag, Caller caller, CancellationToken ct)
    {
        var environmentId = await db.ContainerImages.Where(x => x.Id == containerImageId).Select(x => (Guid?)x.EnvironmentId).FirstOrDefaultAsync(ct);
        if (environmentId is null)
        {
            return Refusal.NotFound("container image", containerImageId);
        }

        // A repeated request knows by this time whether it was the one that made the digest known.
        var (known, now) = (await Find(containerImageId, manifestDigest, ct), caller.Ticket?.At ?? DateTime.UtcNow);
        var digest = known ?? new ImageDigest
        {
            Id = Guid.CreateVersion7(), ContainerImageId = containerImageId, ManifestDigest = manifestDigest, CreatedAt = now,
        };
        try
        {
            await db.InTransaction(
                () =>
                {
                    (digest.Tag, digest.LastSeenAt) = (tag ?? digest.Tag, now);
                    if (known is null)
                    {
                        db.ImageDigests.Add(digest);
                    }

                    db.Record(caller, "image_digest.record", digest.Id, environmentId, $"{tag} {manifestDigest}".TrimStart());
                    return Task.CompletedTask;
                },
                ct);
            return new RecordedDigest(digest, known is null);
        }
        catch (DbUpdateException e) when (known is null && e.IsUniqueViolation())
        {
            // Another request, or a plan, recorded the same one in this very moment.
            db.ChangeTracker.Clear();
            return new RecordedDigest((await Find(containerImageId, manifestDigest, ct))!, IsNew: false);
        }
    }

    private Task<ImageDigest?> Find(Guid containerImageId, string manifestDigest, CancellationToken ct) =>
        db.ImageDigests.FirstOrDefaultAsync(x => x.ContainerImageId == containerImageId && x.ManifestDigest == manifestDigest, ct);
}
