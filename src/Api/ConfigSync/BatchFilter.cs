using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigSync;
using DeployHub.Intake;
using DeployHub.Persistence;

namespace DeployHub.Api.ConfigSync;

/// <summary>What a list of batches is narrowed to. With a config file the order is that of the batch's id, which begins with the time of its creation.</summary>
internal sealed record BatchFilter(BatchStatus? OfStatus, Guid? OfConfigFile, CreatedBetween Created)
{
    public static readonly DescribedParameter Status = DescribedParameter.Word<BatchStatus>("status", "Only batches that stand there now.");
    public static readonly DescribedParameter ConfigFile = DescribedParameter.Id("configFileId", "Only batches that have an operation of this config file.");

    public static Result<BatchFilter> Read(HttpContext http)
    {
        var filters = new Filters(http);
        var read = new BatchFilter(filters.Word<BatchStatus>(Status.Name), filters.Id(ConfigFile.Name), CreatedBetween.Read(filters));
        return filters.Refusal is { } refusal ? refusal : read;
    }

    /// <summary>All but the config file.</summary>
    public IQueryable<SyncBatch> Narrow(IQueryable<SyncBatch> batches)
    {
        batches = OfStatus is { } status ? batches.Where(batch => batch.Status == status) : batches;
        batches = Created.After is { } after ? batches.Where(batch => batch.CreatedAt >= after) : batches;
        return Created.Before is { } before ? batches.Where(batch => batch.CreatedAt < before) : batches;
    }

    /// <summary>The batches of the config file among these, the newest first: found in the index of its operations.</summary>
    public IQueryable<SyncBatch> OfOperations(DeployHubDb db, IQueryable<SyncBatch> batches, Guid configFile, PageRequest page)
    {
        var ids = db.SyncOperations.Where(operation => operation.ConfigFileId == configFile).Select(operation => operation.BatchId);
        if (page.After is { Id: var last })
        {
            ids = ids.Where(id => id < last);
        }

        // Grouped, not Distinct: that would be a query of its own, which reads all of them before it is put in order.
        ids = ids.GroupBy(id => id).Select(group => group.Key).OrderByDescending(id => id);
        if (this is { OfStatus: null, Created: { After: null, Before: null } })
        {
            ids = ids.Take(page.Limit + 1);
        }

        return batches.Where(batch => ids.Contains(batch.Id)).OrderByDescending(batch => batch.Id).Take(page.Limit + 1);
    }
}
