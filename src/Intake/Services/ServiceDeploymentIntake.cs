using System.ComponentModel;
using DeployHub.Domain.Services;
using DeployHub.Intake.ConfigFiles;
using DeployHub.Intake.ConfigSync;
using DeployHub.Intake.Deployments;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Services;

public record NewServiceDeployment
{
    [Description("A server of the service's environment.")]
    public required Guid ServerId { get; init; }

    [Description("The container's name on that server, unique there; left out, the service's name.")]
    public string? ContainerName { get; init; }
}

public record ServiceDeploymentChange
{
    [Description("The container's name on that server, unique there. Fixed once a container runs under it.")]
    public string ContainerName { get; init; } = "";
}

/// <summary>Puts services on servers and takes them off. Containers are touched by plans alone, never by this.</summary>
public sealed class ServiceDeploymentIntake(DeployHubDb db)
{
    public Task<Result<ServiceDeployment>> Create(Guid serviceId, NewServiceDeployment request, Caller caller, CancellationToken ct) => db.Once(
        caller, $"create service deployment {serviceId}", request, by => Make(serviceId, request, by, ct), ct);

    private async Task<Result<ServiceDeployment>> Make(Guid serviceId, NewServiceDeployment request, Caller caller, CancellationToken ct)
    {
        var service = await db.Services.AsNoTracking().FirstOrDefaultAsync(x => x.Id == serviceId, ct);
        if (service is null)
        {
            return Refusal.NotFound("service", serviceId);
        }

        var name = request.ContainerName ?? service.Name;
        if (Names.CheckContainer(name) is { } invalid)
        {
            return invalid;
        }

        var server = await db.Servers.AsNoTracking().FirstOrDefaultAsync(x => x.Id == request.ServerId && x.EnvironmentId == service.EnvironmentId, ct);
        if (server is null)
        {
            return Refusal.Invalid("serverId", "names no server of the service's environment.", $"GET /api/environments/{service.EnvironmentId}/servers lists them.");
        }

        if (await db.ServiceDeployments.AnyAsync(x => x.ServiceId == serviceId && x.ServerId == server.Id, ct))
        {
            return Refusal.Conflict($"The service «{service.Name}» is on the server «{server.Name}» already.", "serverId");
        }

        var now = DateTime.UtcNow;
        var made = new ServiceDeployment
        {
            Id = Guid.CreateVersion7(), ServiceId = serviceId, ServerId = server.Id, ContainerName = name, CreatedAt = now, UpdatedAt = now,
        };
        var refusal = await Taken(made, name, ct) ?? await db.Commit(
            () =>
            {
                db.ServiceDeployments.Add(made);
                db.Record(caller, "service_deployment.create", made.Id, service.EnvironmentId, $"{service.Name} on {server.Name} as {name}");
            },
            Duplicate(name), ct);
        return refusal is null ? made : refusal;
    }

    public async Task<Result<ServiceDeployment>> Change(
        Guid serviceId, Guid id, Patch<ServiceDeploymentChange> patch, Caller caller, CancellationToken ct)
    {
        var found = await Find(serviceId, id, ct);
        if (found is null)
        {
            return Refusal.NotFound("deployment of this service", id);
        }

        var name = patch.Gives(nameof(ServiceDeploymentChange.ContainerName)) ? patch.Body.ContainerName : found.ContainerName;
        if (name == found.ContainerName)
        {
            return found;
        }

        var environmentId = await EnvironmentOf(serviceId, ct);

        // Under another name the next plan would not find the container that runs, and would start a second one beside it.
        var runs = found.CurrentContainerId is null
            ? null
            : Refusal.Conflict(
                $"A container runs under the name «{found.ContainerName}».", "containerName", "Delete this service deployment and create it anew under the other name.");
        var refusal = Names.CheckContainer(name) ?? runs ?? await FindPlan(found, ct) ?? await FindBatch(found, ct) ?? await Taken(found, name, ct) ?? await db.Commit(
            () =>
            {
                (found.ContainerName, found.UpdatedAt) = (name, DateTime.UtcNow);
                db.Record(caller, "service_deployment.update", id, environmentId, patch.Summary);
            },
            Duplicate(name), ct);
        return refusal is null ? found : refusal;
    }

    public async Task<Refusal?> Delete(Guid serviceId, Guid id, Caller caller, CancellationToken ct)
    {
        var found = await Find(serviceId, id, ct);
        if (found is null)
        {
            return Refusal.NotFound("deployment of this service", id);
        }

        var environmentId = await EnvironmentOf(serviceId, ct);
        var files = await db.FindAttachedFiles(attachment => attachment.ServiceDeploymentId == id, ct);
        return files.Count > 0
            ? Refusal.InUse("service deployment", found.ContainerName, files)
            : await FindPlan(found, ct) ?? await FindBatch(found, ct) ?? await db.Commit(
                () =>
                {
                    db.ServiceDeployments.Remove(found);
                    db.Record(caller, "service_deployment.delete", id, environmentId, found.ContainerName);
                },
                null, ct);
    }

    // For the audit log.
    private Task<Guid?> EnvironmentOf(Guid serviceId, CancellationToken ct) =>
        db.Services.Where(x => x.Id == serviceId).Select(x => (Guid?)x.EnvironmentId).FirstOrDefaultAsync(ct);

    private Task<ServiceDeployment?> Find(Guid serviceId, Guid id, CancellationToken ct) =>
        db.ServiceDeployments.FirstOrDefaultAsync(x => x.Id == id && x.ServiceId == serviceId, ct);

    private Task<Refusal?> FindPlan(ServiceDeployment found, CancellationToken ct) =>
        db.FindPlanAt($"container «{found.ContainerName}»", step => step.ServiceDeploymentId == found.Id, ct);

    private Task<Refusal?> FindBatch(ServiceDeployment found, CancellationToken ct) => db.FindBatchAt(
        $"container «{found.ContainerName}»", target => target.ServerId == found.ServerId && target.ContainerName == found.ContainerName, ct);

    private async Task<Refusal?> Taken(ServiceDeployment deployment, string name, CancellationToken ct) =>
        await db.ServiceDeployments.AnyAsync(x => x.ServerId == deployment.ServerId && x.ContainerName == name && x.Id != deployment.Id, ct) ? Duplicate(name) : null;

    private static Refusal Duplicate(string name) => Refusal.Duplicate("container", name, "on this server", "containerName");
}
