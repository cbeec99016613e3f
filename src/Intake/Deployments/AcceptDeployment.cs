using System.Diagnostics;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Images;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Deployments;

/// <summary>Accepts the request to deploy an image to all services linked to it: checks it, fixes the steps, commits plan and command.</summary>
public sealed class AcceptDeployment(DeployHubDb db)
{
    /// <param name="containerImageId">The image to deploy.</param>
    /// <param name="request">What the caller asked for.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ct">Ends the try; what was committed stays.</param>
    public Task<Result<AcceptedPlan>> Accept(Guid containerImageId, DeployRequest request, Caller caller, CancellationToken ct) => db.Once(
        caller, $"deploy {containerImageId}", request, by => TryAccept(containerImageId, request, by, ct), row => Task.FromResult<AcceptedPlan?>(new(row.ResourceId)), ct);

    private async Task<Result<AcceptedPlan>> TryAccept(
        Guid containerImageId, DeployRequest request, Caller caller, CancellationToken ct)
    {
        if (request.Problems().FirstOrDefault() is { } refusal)
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
        var steps = targets.All.Select((target, order) => NewStep(plan, target, order)).ToList();
        Refusal? inTheWay = null;
        await db.InTransaction(
            async () =>
            {
                await db.EnterLine(alone: request.OnConflict != OnConflict.Queue, ct);
                if (request.OnConflict == OnConflict.Reject && (inTheWay = await db.FindInTheWay(targets, caller, ct)) is not null)
                {
                    return;
                }

                if (request.OnConflict == OnConflict.Supersede)
                {
                    await db.Supersede(plan, caller, ct);
                }

                Write(plan, steps, targets, caller);
            },
            ct);
        return inTheWay is null ? new AcceptedPlan(plan.Id, new FreshPlan(plan, steps)) : inTheWay;
    }

    private void Write(DeploymentPlan plan, List<DeploymentStep> steps, DeploymentTargets targets, Caller caller)
    {
        db.Plans.Add(plan);
        db.Steps.AddRange(steps);
        db.Record(caller, "deployment.accept", plan.Id, plan.EnvironmentId, $"{plan.ImageName} {plan.ImageTag} {plan.RequestedDigest}".TrimEnd());
        db.LineUp(plan.Id, targets.All.Select(target => target.LockKey));

        // A worker can begin to look at engines and registry while the plan's machine is still being opened.
        db.AddWork(StepAct.Prepare, plan.Id, plan.Id);
        db.Send(Queues.Steps, plan.Id, new PrepareDeployment(plan.Id));
        db.Send(Queues.Deployments, plan.Id, new BeginDeployment(plan.Id));
    }

    private async Task<Result<RequestedDigest>> FindDigest(ContainerImage image, string? asked, CancellationToken ct)
    {
        if (asked is null)
        {
            return new RequestedDigest(null);
        }

        var recorded = db.ImageDigests.Where(x => x.ContainerImageId == image.Id);
        recorded = Guid.TryParse(asked, out var id) ? recorded.Where(x => x.Id == id) : recorded.Where(x => x.ManifestDigest == asked);
        return await recorded.Select(x => x.ManifestDigest).FirstOrDefaultAsync(ct) is { } digest
            ? new RequestedDigest(digest)
            : Refusal.NotFound($"digest of the container image «{image.Name}»", asked, "imageDigestId") with
            {
                Hint = $"Record it with POST /api/container-images/{image.Id}/digests first.",
            };
    }

    private static DeploymentPlan NewPlan(DeploymentTargets targets, DeployRequest request, string? digest, Caller caller)
    {
        var now = DateTime.UtcNow;
        return new DeploymentPlan
        {
            Id = Guid.CreateVersion7(),
            EnvironmentId = targets.Image.EnvironmentId,
            EnvironmentName = targets.EnvironmentName,
            TraceParent = Activity.Current?.Id,
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

    private sealed record RequestedDigest(string? Value);
}
