using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Intake;
using DeployHub.Persistence;

namespace DeployHub.Api.Deployments;

/// <summary>What a list of plans is narrowed to. With a service the order is that of the plan's id, which begins with the time of its creation.</summary>
internal sealed record PlanFilter(PlanStatus? OfStatus, Guid? OfImage, Guid? OfService, CreatedBetween Created)
{
    public const string Rule = "Filters are joined by and.";

    public static readonly DescribedParameter Status = DescribedParameter.Word<PlanStatus>("status", "Only plans that stand there now.");
    public static readonly DescribedParameter Image = DescribedParameter.Id("containerImageId", "Only plans of this container image.");
    public static readonly DescribedParameter Service = DescribedParameter.Id("serviceId", "Only plans that have a step of this service.");

    public static Result<PlanFilter> Read(HttpContext http)
    {
        var filters = new Filters(http);
        var read = new PlanFilter(filters.Word<PlanStatus>(Status.Name), filters.Id(Image.Name), filters.Id(Service.Name), CreatedBetween.Read(filters));
        return filters.Refusal is { } refusal ? refusal : read;
    }

    /// <summary>All but the service.</summary>
    public IQueryable<DeploymentPlan> Narrow(IQueryable<DeploymentPlan> plans)
    {
        plans = OfStatus is { } status ? plans.Where(plan => plan.Status == status) : plans;
        plans = OfImage is { } image ? plans.Where(plan => plan.ContainerImageId == image) : plans;
        plans = Created.After is { } after ? plans.Where(plan => plan.CreatedAt >= after) : plans;
        return Created.Before is { } before ? plans.Where(plan => plan.CreatedAt < before) : plans;
    }

    /// <summary>The plans of the service among these, the newest first: found in the index of its steps, not by looking through all plans.</summary>
    public IQueryable<DeploymentPlan> OfSteps(DeployHubDb db, IQueryable<DeploymentPlan> plans, Guid service, PageRequest page)
    {
        var ids = db.Steps.Where(step => step.ServiceId == service).Select(step => step.PlanId);
        if (page.After is { Id: var last })
        {
            ids = ids.Where(id => id < last);
        }

        // Grouped, not Distinct: that would be a query of its own, which reads all of them before it is put in order.
        ids = ids.GroupBy(id => id).Select(group => group.Key).OrderByDescending(id => id);
        if (this is { OfStatus: null, OfImage: null, Created: { After: null, Before: null } })
        {
            // Nothing else narrows it, so no more of the index is needed than the page.
            ids = ids.Take(page.Limit + 1);
        }

        return plans.Where(plan => ids.Contains(plan.Id)).OrderByDescending(plan => plan.Id).Take(page.Limit + 1);
    }
}
