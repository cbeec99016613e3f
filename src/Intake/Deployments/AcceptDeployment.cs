using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Images;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Deployments;

/// <summary>Accepts the request to deploy an image to all services linked to it: checks it, fixes the steps, commits plan and command.</summary>
public sealed class AcceptDeployment(DeployHubDb db)
{
    // A unique violation means that another request under the same key, or with the same new digest, was faster: the next try sees its rows.
    private const int MostTries = 3;

    /// <param name="containerImageId">The image to deploy.</param>
    /// <param name="request">What the caller asked for.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="idempotencyKey">1 to 200 characters, or null.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    public async Task<Result<AcceptedPlan>> Accept(
        Guid containerImageId, DeployRequest request, Caller caller, string? idempotencyKey, CancellationToken ct)
    {
        if (IdempotencyTicket.Check(idempotencyKey) is { } badKey)
        {
            return badKey;
        }

        var ticket = IdempotencyTicket.For(idempotencyKey, caller, $"deploy {containerImageId}", request);
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await TryAccept(containerImageId, request, caller, ticket, ct);
            }
            catch (DbUpdateException e) when (tries < MostTries && e.IsUniqueViolation())
            {
                db.ChangeTracker.Clear();
            }
        }
    }

    private async Task<Result<AcceptedPlan>> TryAccept(
        Guid containerImageId, DeployRequest request, Caller caller, IdempotencyTicket? ticket, CancellationToken ct)
    {
        var (repeated, reused) = await db.FindRepeated(ticket, ct);
        if (repeated is { } before)
        {
            return new AcceptedPlan(before, Replayed: true);
        }

        if ((reused ?? request.Problems().FirstOrDefault()) is { } refusal)
        {
            return refusal;
        }

        if ((await db.FindTargets(containerImageId, ct)).IsRefused(out refusal, out var targets))
        {
            return refusal;
        }

        if ((await FindDigest(targets.Image, request.ImageDigestId, ct)).IsRefused(out refusal, out var digest))
        {
            return refusal;
        }

        var plan = NewPlan(targets, request, digest.Value, caller);
        await db.InTransaction(
            () =>
            {
                Write(plan, targets, digest, ticket, caller);
                return Task.CompletedTask;
            },
            ct);
        return new AcceptedPlan(plan.Id, Replayed: false);
    }

    private void Write(DeploymentPlan plan, DeploymentTargets targets, RequestedDigest digest, IdempotencyTicket? ticket, Caller caller)
    {
        db.Plans.Add(plan);
        db.Steps.AddRange(targets.All.Select((target, order) => NewStep(plan, target, order)));
        if (digest is { Value: { } value, IsNew: true })
        {
            db.ImageDigests.Add(new ImageDigest
            {
                Id = Guid.CreateVersion7(), ContainerImageId = plan.ContainerImageId, ManifestDigest = value, CreatedAt = plan.CreatedAt, LastSeenAt = plan.CreatedAt,
            });
        }

        db.Keep(ticket, plan.Id);
        db.Record(caller, "deployment.accept", plan.Id, plan.EnvironmentId, $"{plan.ImageName} {plan.ImageTag} {plan.RequestedDigest}".TrimEnd());
        db.LineUp(plan.Id, targets.All.Select(target => target.LockKey));
        db.Send(Queues.Deployments, plan.Id, new DeployContainerImage(plan.Id));
    }

    private async Task<Result<RequestedDigest>> FindDigest(ContainerImage image, string? asked, CancellationToken ct)
    {
        if (asked is null)
        {
            return new RequestedDigest(null, IsNew: false);
        }

        if (Guid.TryParse(asked, out var id))
        {
            var recorded = await db.ImageDigests.Where(x => x.Id == id && x.ContainerImageId == image.Id).Select(x => x.ManifestDigest).FirstOrDefaultAsync(ct);
            return recorded is null
                ? Refusal.NotFound($"digest of the container image «{image.Name}»", id, "imageDigestId")
                : new RequestedDigest(recorded, IsNew: false);
        }

        var images = await (from digest in db.ImageDigests
                            join owner in db.ContainerImages on digest.ContainerImageId equals owner.Id
                            where digest.ManifestDigest == asked
                            select new { owner.Id, owner.ImageName }).ToListAsync(ct);

        // The same repository in another environment holds the same digests; another repository most likely does not.
        if (images.Count > 0 && images.All(x => x.ImageName != image.ImageName && x.Id != image.Id))
        {
            return Refusal.NotFound($"digest of the container image «{image.Name}»", asked, "imageDigestId") with
            {
                Hint = $"It is a digest of {images[0].ImageName}. If this repository holds it too, record it with POST /api/container-images/{image.Id}/digests first.",
            };
        }

        return new RequestedDigest(asked, IsNew: images.All(x => x.Id != image.Id));
    }

    private static DeploymentPlan NewPlan(DeploymentTargets targets, DeployRequest request, string? digest, Caller caller)
    {
        var now = DateTime.UtcNow;
        return new DeploymentPlan
        {
            Id = Guid.CreateVersion7(),
            EnvironmentId = targets.Image.EnvironmentId,
            ContainerImageId = targets.Image.Id,
            RegistryConnectionId = targets.Image.RegistryConnectionId,
            ImageName = targets.Image.ImageName,
            ImageTag = request.ImageTag,
            RequestedDigest = digest,
            AutoRollback = request.AutoRollback,
            MaxParallel = request.MaxParallel,
            Status = PlanStatus.Pending,
            TriggerType = caller.TriggerType,
            TriggeredBy = caller.Name,
            StepCount = targets.All.Count,
            CreatedAt = now,
            UpdatedAt = now,
        };
    }

    private static DeploymentStep NewStep(DeploymentPlan plan, DeploymentTarget target, int order) => new()
    {
        Id = Guid.CreateVersion7(),
        PlanId = plan.Id,
        Order = order,
        ServiceId = target.Service.Id,
        ServerId = target.Server.Id,
        ServiceDeploymentId = target.Deployment.Id,
        ServiceName = target.Service.Name,
        ServerName = target.Server.Name,
        ContainerName = target.Deployment.ContainerName,
        Settings = new StepSettings(target.Service.Adopt, target.Service.Container, target.Service.Health),
        Status = StepStatus.Pending,
    };

    private sealed record RequestedDigest(string? Value, bool IsNew);
}
