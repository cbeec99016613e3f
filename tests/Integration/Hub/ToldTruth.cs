using DeployHub.Contracts.Wire;
using DeployHub.Persistence;
using DeployHub.Persistence.Streams;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Integration.Hub;

/// <summary>What the streams told last of each plan, batch, step and target is what its row says, however it came there.</summary>
public static class ToldTruth
{
    /// <summary>Where they differ; empty when they agree.</summary>
    public static async Task<string> Differences(DeployHubDb db)
    {
        // Entries and rows as of one moment.
        await using var moment = await db.Database.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        var told = new Dictionary<Guid, string>();
        foreach (var entry in await db.StreamEntries.AsNoTracking().OrderBy(x => x.StreamId).ThenBy(x => x.Number).ToListAsync())
        {
            switch (entry.Kind)
            {
                case StreamKinds.Plan when entry.Data.StartsWith("{\"plan\"", StringComparison.Ordinal) || entry.Data.StartsWith("{\"plan\" :", StringComparison.Ordinal):
                    told[entry.StreamId] = entry.Read<ToldPlan>().Plan.Status.Word();
                    break;
                case StreamKinds.Plan:
                    told[entry.StreamId] = entry.Read<Domain.ConfigSync.SyncBatch>().Status.Word();
                    break;
                case StreamKinds.Step:
                    var row = entry.Read<ToldAny>();
                    told[row.Id] = $"{row.Status} {row.Phase}";
                    break;
            }
        }

        var rows = (await db.Plans.Select(x => new { x.Id, x.Status }).ToListAsync()).Select(x => (x.Id, Now: x.Status.Word()))
            .Concat((await db.Steps.Select(x => new { x.Id, x.Status, x.Phase }).ToListAsync()).Select(x => (x.Id, Now: $"{x.Status.Word()} {x.Phase?.Word()}")))
            .Concat((await db.SyncBatches.Select(x => new { x.Id, x.Status }).ToListAsync()).Select(x => (x.Id, Now: x.Status.Word())))
            .Concat((await db.SyncTargets.Select(x => new { x.Id, x.Status }).ToListAsync()).Select(x => (x.Id, Now: $"{x.Status.Word()} ")));
        return string.Join(Environment.NewLine, rows.Where(x => told.GetValueOrDefault(x.Id) != x.Now).Select(x => $"{x.Id} is «{x.Now}», told was «{told.GetValueOrDefault(x.Id)}»"));
    }

    private sealed record ToldAny(Guid Id, string Status, string? Phase);
}
