using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Domain.Images;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using DeployHub.Persistence.Messaging;
using DeployHub.Persistence.Streams;
using DeployHub.Persistence.Work;
using DeployHub.Worker.Engines;
using DeployHub.Worker.Work;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Worker.Deployments;

/// <summary>What a plan's preparation found, and its one commit.</summary>
internal sealed class Preparation
{
    private readonly IReadOnlyList<PreparedStep> _steps;

    public Preparation(DeploymentPlan plan, IReadOnlyList<PreparedStep> steps, IReadOnlyList<SeenEngine> engines)
    {
        (Plan, _steps, Engines) = (plan, steps, engines);
        Error = engines.FirstOrDefault(x => x.Error is not null)?.Error ?? Duplicate();
    }

    public DeploymentPlan Plan { get; }
    public IReadOnlyList<SeenEngine> Engines { get; }
    public DeploymentError? Error { get; set; }
    public string? Digest { get; set; }
    public bool LocalImage { get; set; }

    public Task Commit(DeployHubDb db, WorkClaim claim, CancellationToken ct) => db.InTransaction(
        async () =>
        {
            await db.EndWork(claim.Act, claim.SubjectId, claim.Owner, ct);
            foreach (var seen in Engines)
            {
                await seen.Record(db, ct);
            }

            if (Error is null)
            {
                await RecordDigest(db, ct);
                await NameLocksByEngine(db, ct);
                db.Send(Queues.Deployments, Plan.Id, new DeploymentPrepared(Plan.Id));
            }
            else
            {
                await RecordRefusal(db, ct);
                db.Send(Queues.Deployments, Plan.Id, new DeploymentRefused(Plan.Id));
            }
        },
        ct);

    private string Key(PreparedStep step) =>
        TargetLock.ForContainer(Engines.First(x => x.Server.Id == step.ServerId).Info!.Id, step.ContainerName);

    // One engine may be registered under two names; two steps at one container would undo each other.
    private DeploymentError? Duplicate()
    {
        if (Engines.Any(x => x.Info is null) || _steps.GroupBy(Key).FirstOrDefault(group => group.Count() > 1) is not { } same)
        {
            return null;
        }

        var services = string.Join(", ", same.Select(x => $"«{x.ServiceName}»"));
        return new DeploymentError(DeploymentErrorCodes.DuplicateTarget,
            $"Services {services} name the same container «{same.First().ContainerName}» on one engine, which is registered as more than one server. Give them names of their own.", same.Last().Id);
    }

    private async Task RecordDigest(DeployHubDb db, CancellationToken ct)
    {
        await db.Plans.Where(x => x.Id == Plan.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.ImageDigest, Digest).SetProperty(x => x.LocalImage, LocalImage), ct);
        var now = DateTime.UtcNow;
        var known = await db.ImageDigests.Where(x => x.ContainerImageId == Plan.ContainerImageId && x.ManifestDigest == Digest)
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.LastSeenAt, now).SetProperty(x => x.Tag, x => Plan.ImageTag ?? x.Tag), ct);
        if (known == 0 && !LocalImage)
        {
            // Another plan may record it at the same moment; both mean the same row.
            await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO image_digests (id, container_image_id, manifest_digest, tag, created_at, last_seen_at)
                VALUES ({Guid.CreateVersion7()}, {Plan.ContainerImageId}, {Digest}, {Plan.ImageTag}, {now}, {now}) ON CONFLICT DO NOTHING
                """,
                ct);
        }
    }

    // The keys were taken with what was known of the servers when the plan was accepted; the order of arrival stays.
    private async Task NameLocksByEngine(DeployHubDb db, CancellationToken ct)
    {
        var locks = await db.TargetLocks.Where(x => x.PlanId == Plan.Id).ToListAsync(ct);
        foreach (var step in _steps)
        {
            var seen = Engines.First(x => x.Server.Id == step.ServerId).Server;
            var taken = TargetLock.ForContainer(seen.EngineId ?? TargetLock.UnknownEngine(seen.Id), step.ContainerName);
            var assumed = TargetLock.ForContainer(TargetLock.UnknownEngine(seen.Id), step.ContainerName);
            if (locks.Find(x => x.Key == taken || x.Key == assumed) is { } row)
            {
                row.Key = Key(step);
            }
        }
    }

    private async Task RecordRefusal(DeployHubDb db, CancellationToken ct)
    {
        // The image concerns every step alike: the first one tells it, the others are skipped.
        var first = Error!.StepId ?? _steps.FirstOrDefault(x => Engines.Any(seen => seen.Error is not null && seen.Server.Id == x.ServerId))?.Id ?? _steps.FirstOrDefault()?.Id;
        var error = Error with { StepId = first };
        await db.Plans.Where(x => x.Id == Plan.Id).ExecuteUpdateAsync(set => set.SetProperty(x => x.Error, error), ct);
        foreach (var failed in Engines.Where(x => x.Error is not null))
        {
            var ids = _steps.Where(x => x.ServerId == failed.Server.Id).Select(x => x.Id).ToList();
            var steps = db.Steps.Where(x => ids.Contains(x.Id) && x.Status == StepStatus.Pending);
            await db.TellSteps(steps, ct);
            await steps.ExecuteUpdateAsync(
                set => set.SetProperty(x => x.Status, StepStatus.Failed).SetProperty(x => x.Error, failed.Error).SetProperty(x => x.CompletedAt, DateTime.UtcNow), ct);
        }

        if (Engines.All(x => x.Error is null) && first is not null)
        {
            var step = db.Steps.Where(x => x.Id == first && x.Status == StepStatus.Pending);
            await db.TellSteps(step, ct);
            await step.ExecuteUpdateAsync(
                set => set.SetProperty(x => x.Status, StepStatus.Failed).SetProperty(x => x.Error, error).SetProperty(x => x.CompletedAt, DateTime.UtcNow), ct);
        }
    }
}
