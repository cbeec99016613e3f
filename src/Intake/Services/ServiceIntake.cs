using System.ComponentModel;
using DeployHub.Domain.Services;
using DeployHub.Intake.ConfigFiles;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Services;

public record NewService
{
    [Description("Also the default name of its container: 1 to 100 letters, digits, _ . or -; unique in the environment.")]
    public required string Name { get; init; }

    [Description("The image that its container is made from.")]
    public required Guid ContainerImageId { get; init; }

    [Description("How its container is made. Not together with adopt.")]
    public ContainerSpec? Container { get; init; }

    [Description("Make the container from the inspection of the one that runs, with only the image changed.")]
    public bool Adopt { get; init; }

    [Description("When a new container counts as serving.")]
    public HealthPolicy? Health { get; init; }
}

public record ServiceChange
{
    [Description("1 to 100 letters, digits, _ . or -; unique in the environment. Containers that exist keep their names.")]
    public string Name { get; init; } = "";

    [Description("The image that its container is made from.")]
    public Guid ContainerImageId { get; init; }

    [Description("How its container is made; replaces the whole of it. null goes with adopt.")]
    public ContainerSpec? Container { get; init; }

    [Description("Make the container from the inspection of the one that runs, with only the image changed.")]
    public bool Adopt { get; init; }

    [Description("When a new container counts as serving; replaces the whole of it. null goes back to the defaults.")]
    public HealthPolicy? Health { get; init; }
}

/// <summary>Creates, changes and deletes services. Plans that were accepted before keep the settings of their time.</summary>
public sealed class ServiceIntake(DeployHubDb db)
{
    public Task<Result<Service>> Create(Guid environmentId, NewService request, Caller caller, CancellationToken ct) => db.Once(
        caller, $"create service {environmentId}", request, by => Make(environmentId, request, by, ct), ct);

    private async Task<Result<Service>> Make(Guid environmentId, NewService request, Caller caller, CancellationToken ct)
    {
        // A service with neither runs the image as it is.
        var container = request.Container ?? (request.Adopt ? null : new ContainerSpec());
        var health = request.Health ?? new HealthPolicy();
        if ((Names.CheckService(request.Name) ?? Check(container, request.Adopt, health)) is { } invalid)
        {
            return invalid;
        }

        if (!await db.Environments.AnyAsync(x => x.Id == environmentId, ct))
        {
            return Refusal.NotFound("environment", environmentId);
        }

        var now = DateTime.UtcNow;
        var made = new Service
        {
            Id = Guid.CreateVersion7(), EnvironmentId = environmentId, Name = request.Name, ContainerImageId = request.ContainerImageId,
            Container = container, Adopt = request.Adopt, Health = health, CreatedAt = now, UpdatedAt = now,
        };
        var refusal = await CheckImage(environmentId, made.ContainerImageId, ct) ?? await Taken(made, made.Name, ct) ?? await db.Commit(
            () =>
            {
                db.Services.Add(made);
                db.Record(caller, "service.create", made.Id, environmentId, made.Name);
            },
            Duplicate(made.Name), ct);
        return refusal is null ? made : refusal;
    }

    public async Task<Result<Service>> Change(Guid id, Patch<ServiceChange> patch, Caller caller, CancellationToken ct)
    {
        var found = await db.Services.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("service", id);
        }

        var body = patch.Body;
        var name = patch.Gives(nameof(body.Name)) ? body.Name : found.Name;
        var image = patch.Gives(nameof(body.ContainerImageId)) ? body.ContainerImageId : found.ContainerImageId;
        var container = patch.Gives(nameof(body.Container)) ? body.Container : found.Container;
        var adopt = patch.Gives(nameof(body.Adopt)) ? body.Adopt : found.Adopt;
        var health = patch.Gives(nameof(body.Health)) ? body.Health ?? new HealthPolicy() : found.Health;
        var refusal = Names.CheckService(name) ?? Check(container, adopt, health)
            ?? await CheckImage(found.EnvironmentId, image, ct) ?? await Taken(found, name, ct)
            ?? await db.Commit(
                () =>
                {
                    (found.Name, found.ContainerImageId, found.Container, found.Adopt, found.Health) = (name, image, container, adopt, health);
                    found.UpdatedAt = DateTime.UtcNow;
                    db.Record(caller, "service.update", id, found.EnvironmentId, patch.Summary);
                },
                Duplicate(name), ct);
        return refusal is null ? found : refusal;
    }

    public async Task<Refusal?> Delete(Guid id, Caller caller, CancellationToken ct)
    {
        var found = await db.Services.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("service", id);
        }

        var users = await (from deployment in db.ServiceDeployments
                           join server in db.Servers on deployment.ServerId equals server.Id
                           where deployment.ServiceId == id
                           orderby server.Name
                           select new { deployment.ContainerName, server.Name }).ToListAsync(ct);
        var files = await db.FindAttachedFiles(attachment => attachment.ServiceId == id, ct);
        return users.Count + files.Count > 0
            ? Refusal.InUse("service", found.Name, [.. users.Select(x => $"the container «{x.ContainerName}» on the server «{x.Name}»"), .. files])
            : await db.Commit(
                () =>
                {
                    db.Services.Remove(found);
                    db.Record(caller, "service.delete", id, found.EnvironmentId, found.Name);
                },
                null, ct);
    }

    private static Refusal? Check(ContainerSpec? container, bool adopt, HealthPolicy health) => (container, adopt) switch
    {
        (not null, true) => Refusal.Invalid("adopt", "and «container» exclude each other.", "An adopted container keeps the settings that it has. Send null for the one that is not meant."),
        (null, false) => Refusal.Invalid("container", "must be given unless «adopt» is true."),
        _ => (container is null ? [] : ContainerRules.Problems(container, "container")).Concat(HealthRules.Problems(health, "health")).FirstOrDefault(),
    };

    private async Task<Refusal?> CheckImage(Guid environmentId, Guid imageId, CancellationToken ct) =>
        await db.ContainerImages.AnyAsync(x => x.Id == imageId && x.EnvironmentId == environmentId, ct)
            ? null
            : Refusal.Invalid("containerImageId", "names no container image of this environment.", $"GET /api/environments/{environmentId}/container-images lists them.");

    private async Task<Refusal?> Taken(Service service, string name, CancellationToken ct) =>
        await db.Services.AnyAsync(x => x.EnvironmentId == service.EnvironmentId && x.Name == name && x.Id != service.Id, ct) ? Duplicate(name) : null;

    private static Refusal Duplicate(string name) => Refusal.Duplicate("service", name, "in this environment");
}
