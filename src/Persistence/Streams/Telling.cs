using System.Text.Json;
using DeployHub.Contracts.Wire;
using DeployHub.Domain.ConfigSync;
using DeployHub.Domain.Deployments;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace DeployHub.Persistence.Streams;

/// <summary>
/// What a transaction tells the streams. Rows are named, not copied: they are read by the one statement that writes the entries, just before the
/// commit, so that what is told is what was committed. Whoever changes a status by ExecuteUpdate names the row here; those that are tracked name
/// themselves.
/// </summary>
public static class Telling
{
    public static void TellPlan(this DeployHubDb db, Guid planId) => db.Told.Row(planId, StreamKinds.Plan, ToldRow.Plan, planId);

    public static void TellStep(this DeployHubDb db, Guid planId, Guid stepId) => db.Told.Row(planId, StreamKinds.Step, ToldRow.Step, stepId);

    public static void TellBatch(this DeployHubDb db, Guid batchId) => db.Told.Row(batchId, StreamKinds.Plan, ToldRow.Batch, batchId);

    public static void TellTarget(this DeployHubDb db, Guid batchId, Guid targetId) => db.Told.Row(batchId, StreamKinds.Step, ToldRow.Target, targetId);

    /// <summary>Names the steps that the caller is about to change: a statement that changes many does not say which they were.</summary>
    public static async Task TellSteps(this DeployHubDb db, IQueryable<DeploymentStep> steps, CancellationToken ct)
    {
        foreach (var step in await steps.OrderBy(x => x.Order).Select(x => new { x.Id, x.PlanId }).ToListAsync(ct))
        {
            db.TellStep(step.PlanId, step.Id);
        }
    }

    /// <summary>The same for the targets of a batch.</summary>
    public static async Task TellTargets(this DeployHubDb db, IQueryable<SyncTarget> targets, CancellationToken ct)
    {
        foreach (var target in await targets.OrderBy(x => x.Order).Select(x => new { x.Id, x.BatchId }).ToListAsync(ct))
        {
            db.TellTarget(target.BatchId, target.Id);
        }
    }

    /// <summary>Tells what stands in no row.</summary>
    public static void Tell(this DeployHubDb db, Guid streamId, string kind, object data) =>
        db.Told.Add(new ToldItem(streamId, kind, ToldRow.None, null, JsonSerializer.Serialize(data, data.GetType(), WireWords.Json)));

    /// <summary>Wakes whoever watches this id once the transaction is committed: that of a token which was revoked, say. No entry is written.</summary>
    public static void Signal(this DeployHubDb db, Guid id) => db.Told.Signal(id);

    /// <summary>Runs a statement that changes one step, and tells of it: a transaction of its own, and on PostgreSQL one round trip.</summary>
    public static async Task ChangeStep(this DeployHubDb db, Guid planId, Guid stepId, FormattableString statement, CancellationToken ct)
    {
        if (!db.Database.IsNpgsql())
        {
            await db.InTransaction(
                () =>
                {
                    db.TellStep(planId, stepId);
                    return db.Database.ExecuteSqlAsync(statement, ct);
                },
                ct);
            return;
        }

        await StreamWriting.RunAndWrite(db, statement, new ToldItem(planId, StreamKinds.Step, ToldRow.Step, stepId, null), ct);
        db.GetService<StreamSignal>().Offer([new StreamNews(planId, Ended: false)]);
    }

    /// <summary>Has the tracked rows whose status the context is about to save name themselves: what begins before its parts, what ends after them.</summary>
    internal static void TellTracked(this DeployHubDb db)
    {
        var plans = Changed<DeploymentPlan>(db, nameof(DeploymentPlan.Status)).ToLookup(x => x.HasEnded, x => x.Id);
        var batches = Changed<SyncBatch>(db, nameof(SyncBatch.Status)).ToLookup(x => x.HasEnded, x => x.Id);
        plans[false].ForEach(db.TellPlan);
        batches[false].ForEach(db.TellBatch);
        Changed<DeploymentStep>(db, nameof(DeploymentStep.Status), nameof(DeploymentStep.Phase)).ForEach(step => db.TellStep(step.PlanId, step.Id));
        Changed<SyncTarget>(db, nameof(SyncTarget.Status)).ForEach(target => db.TellTarget(target.BatchId, target.Id));
        plans[true].ForEach(id =>
        {
            db.TellPlan(id);
            db.Told.Done(id);
        });
        batches[true].ForEach(id =>
        {
            db.TellBatch(id);
            db.Told.Done(id);
        });
    }

    private static void ForEach<T>(this IEnumerable<T> all, Action<T> act)
    {
        foreach (var one in all)
        {
            act(one);
        }
    }

    private static IEnumerable<T> Changed<T>(DeployHubDb db, params string[] properties) where T : class => db.ChangeTracker.Entries<T>()
        .Where(x => x.State == EntityState.Added || (x.State == EntityState.Modified && Array.Exists(properties, name => x.Property(name).IsModified)))
        .Select(x => x.Entity).ToList();
}
