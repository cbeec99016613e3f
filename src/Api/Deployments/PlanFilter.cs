using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Contracts.Deployments;
using DeployHub.Domain.Deployments;
using DeployHub.Intake;
using DeployHub.Persistence;

namespace DeployHub.Api.Deployments;

/// <summary>What a list of plans is narrowed to. Of a plan that is filtered by service, the order is that of its id, which begins with the time of its creation.</summary>
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

    /// <summary>The plans of a service among these, the newest first: read from the index of its steps, not by looking through all plans.</summary>
    public static IQueryable<DeploymentPlan> OfSteps(DeployHubDb db, IQueryable<DeploymentPlan> plans, Guid service, Cursor? after)
    {
        var ids = db.Steps.Where(step => step.ServiceId == service).Select(step => step.PlanId);
        if (after is { Id: var last })
        {
            ids = ids.Where(id => id < last);
        }

        return from id in ids.Distinct() join plan in plans on id equals plan.Id orderby id descending select plan;
    }
}
