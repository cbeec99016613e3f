using System.ComponentModel;
using DeployHub.Domain.Images;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Images;

public record NewContainerImage
{
    [Description("1 to 100 characters; unique in the environment.")]
    public required string Name { get; init; }

    [Description("The repository without tag or digest, as in registry.example.com:5000/shop/api.")]
    public required string ImageName { get; init; }

    [Description("The registry whose credentials are used; left out, it is pulled without any.")]
    public Guid? RegistryConnectionId { get; init; }
}

public record ContainerImageChange
{
    [Description("1 to 100 characters; unique in the environment.")]
    public string Name { get; init; } = "";

    [Description("The repository without tag or digest, as in registry.example.com:5000/shop/api.")]
    public string ImageName { get; init; } = "";

    [Description("The registry whose credentials are used; null pulls without any.")]
    public Guid? RegistryConnectionId { get; init; }
}

/// <summary>Creates, changes and deletes container images.</summary>
public sealed class ContainerImageIntake(DeployHubDb db)
{
    public Task<Result<ContainerImage>> Create(Guid environmentId, NewContainerImage request, Caller caller, CancellationToken ct) => db.Once(
        caller, $"create container image {environmentId}", request, by => Make(environmentId, request, by, ct), ct);

    private async Task<Result<ContainerImage>> Make(Guid environmentId, NewContainerImage request, Caller caller, CancellationToken ct)
    {
        if ((Names.Check(request.Name) ?? ImageRules.CheckName(request.ImageName, "imageName")) is { } invalid)
        {
            return invalid;
        }

        if (!await db.Environments.AnyAsync(x => x.Id == environmentId, ct))
        {
            return Refusal.NotFound("environment", environmentId);
        }

        var now = DateTime.UtcNow;
        var made = new ContainerImage
        {
            Id = Guid.CreateVersion7(), EnvironmentId = environmentId, Name = request.Name, ImageName = request.ImageName,
            RegistryConnectionId = request.RegistryConnectionId, CreatedAt = now, UpdatedAt = now,
        };
        var refusal = await CheckRegistry(environmentId, made.ImageName, made.RegistryConnectionId, ct) ?? await Taken(made, made.Name, ct)
            ?? await db.Commit(
                () =>
                {
                    db.ContainerImages.Add(made);
                    db.Record(caller, "container_image.create", made.Id, environmentId, $"{made.Name} {made.ImageName}");
                },
                Duplicate(made.Name), ct);
        return refusal is null ? made : refusal;
    }

    public async Task<Result<ContainerImage>> Change(Guid id, Patch<ContainerImageChange> patch, Caller caller, CancellationToken ct)
    {
        var found = await db.ContainerImages.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("container image", id);
        }

        var body = patch.Body;
        var name = patch.Gives(nameof(body.Name)) ? body.Name : found.Name;
        var imageName = patch.Gives(nameof(body.ImageName)) ? body.ImageName : found.ImageName;
        var registry = patch.Gives(nameof(body.RegistryConnectionId)) ? body.RegistryConnectionId : found.RegistryConnectionId;
        var refusal = Names.Check(name) ?? ImageRules.CheckName(imageName, "imageName")
            ?? await CheckRegistry(found.EnvironmentId, imageName, registry, ct) ?? await Taken(found, name, ct)
            ?? await db.Commit(
                () =>
                {
                    (found.Name, found.ImageName, found.RegistryConnectionId, found.UpdatedAt) = (name, imageName, registry, DateTime.UtcNow);
                    db.Record(caller, "container_image.update", id, found.EnvironmentId, patch.Summary);
                },
                Duplicate(name), ct);
        return refusal is null ? found : refusal;
    }

    public async Task<Refusal?> Delete(Guid id, Caller caller, CancellationToken ct)
    {
        var found = await db.ContainerImages.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("container image", id);
        }

        var users = await db.Services.Where(x => x.ContainerImageId == id).OrderBy(x => x.Name).Select(x => x.Name).ToListAsync(ct);
        if (users.Count > 0)
        {
            return Refusal.InUse("container image", found.Name, users.ConvertAll(name => $"service «{name}»"));
        }

        // What was recorded of the image goes with it.
        var digests = await db.ImageDigests.Where(x => x.ContainerImageId == id).ToListAsync(ct);
        return await db.Commit(
            () =>
            {
                db.ImageDigests.RemoveRange(digests);
                db.ContainerImages.Remove(found);
                db.Record(caller, "container_image.delete", id, found.EnvironmentId, found.Name);
            },
            null, ct);
    }

    private async Task<Refusal?> CheckRegistry(Guid environmentId, string imageName, Guid? registryId, CancellationToken ct)
    {
        if (registryId is null)
        {
            return null;
        }

        var registry = await db.Registries.AsNoTracking().FirstOrDefaultAsync(x => x.Id == registryId && x.EnvironmentId == environmentId, ct);
        if (registry is null)
        {
            return Refusal.Invalid("registryConnectionId", "names no registry of this environment.", $"GET /api/environments/{environmentId}/registries lists them.");
        }

        // Credentials go to the registry that they are for, and to no other.
        var host = ImageRules.RegistryOf(imageName);
        return ImageRules.SameRegistry(host, registry.RegistryUrl)
            ? null
            : Refusal.Invalid("registryConnectionId", $"names the registry {registry.RegistryUrl}, but the image is at {host}.");
    }

    private async Task<Refusal?> Taken(ContainerImage image, string name, CancellationToken ct) =>
        await db.ContainerImages.AnyAsync(x => x.EnvironmentId == image.EnvironmentId && x.Name == name && x.Id != image.Id, ct) ? Duplicate(name) : null;

    private static Refusal Duplicate(string name) => Refusal.Duplicate("container image", name, "in this environment");
}
