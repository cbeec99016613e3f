using DeployHub.Domain.Images;
using DeployHub.Domain.Servers;
using DeployHub.Domain.Services;
using DeployHub.Persistence;
using DeployHub.Persistence.Locks;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Deployments;

/// <summary>A service on a server.</summary>
internal sealed record DeploymentTarget(Service Service, ServiceDeployment Deployment, Server Server)
{
    /// <summary>An engine that no worker has seen yet goes by its server; the plan's preparation makes the key final.</summary>
    public string LockKey => TargetLock.ForContainer(Server.EngineId ?? TargetLock.UnknownEngine(Server.Id), Deployment.ContainerName);
}

/// <summary>Everything that an image is deployed to, in the order in which it is done.</summary>
internal sealed record DeploymentTargets(ContainerImage Image, string EnvironmentName, List<DeploymentTarget> All);

internal static class Targets
{
    /// <summary>One round trip, since every deployment waits for it.</summary>
    public static async Task<Result<DeploymentTargets>> FindTargets(this DeployHubDb db, Guid containerImageId, CancellationToken ct)
    {
        var rows = await (from image in db.ContainerImages.AsNoTracking()
                          where image.Id == containerImageId
                          join environment in db.Environments on image.EnvironmentId equals environment.Id
                          from service in db.Services.Where(x => x.ContainerImageId == image.Id).DefaultIfEmpty()
                          from deployment in db.ServiceDeployments.Where(x => x.ServiceId == service!.Id).DefaultIfEmpty()
                          from server in db.Servers.Where(x => x.Id == deployment!.ServerId).DefaultIfEmpty()
                          select new { image, environment.Name, service, deployment, server }).ToListAsync(ct);
        if (rows.Count == 0)
        {
            return Refusal.NotFound("container image", containerImageId);
        }

        var image1 = rows[0].image;
        if (rows[0].service is null)
        {
            return Refusal.Unfit(
                $"No service is linked to the container image «{image1.Name}», so there is nothing to deploy to.",
                $"Create one with POST /api/environments/{image1.EnvironmentId}/services.");
        }

        var nowhere = rows.Where(row => row.server is null).Select(row => row.service!).OrderBy(service => service.Name, StringComparer.Ordinal).ToList();
        if (nowhere.Count > 0)
        {
            return Refusal.Unfit(
                $"On no server: {string.Join(", ", nowhere.Select(service => $"«{service.Name}»"))}. Every service that is linked to the image must be on one.",
                $"Put it on a server with POST /api/services/{nowhere[0].Id}/deployments, or delete it.");
        }

        return new DeploymentTargets(
            image1, rows[0].Name,
            [.. rows.Select(row => new DeploymentTarget(row.service!, row.deployment!, row.server!))
                .OrderBy(target => target.Service.CreatedAt).ThenBy(target => target.Service.Id).ThenBy(target => target.Server.Name, StringComparer.Ordinal)]);
    }
}
