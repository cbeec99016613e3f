using System.ComponentModel;
using DeployHub.Domain.Environments;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Environments;

public record NewEnvironment
{
    [Description("1 to 100 characters; unique.")]
    public required string Name { get; init; }
}

public record EnvironmentChange
{
    [Description("1 to 100 characters; unique.")]
    public string Name { get; init; } = "";
}

/// <summary>Creates, changes and deletes environments.</summary>
public sealed class EnvironmentIntake(DeployHubDb db)
{
    public Task<Result<DeploymentEnvironment>> Create(NewEnvironment request, Caller caller, CancellationToken ct) =>
        db.Once(caller, "create environment", request, by => Make(request, by, ct), ct);

    private async Task<Result<DeploymentEnvironment>> Make(NewEnvironment request, Caller caller, CancellationToken ct)
    {
        if (Names.Check(request.Name) is { } refusal)
        {
            return refusal;
        }

        var now = DateTime.UtcNow;
        var made = new DeploymentEnvironment { Id = Guid.CreateVersion7(), Name = request.Name, CreatedAt = now, UpdatedAt = now };
        var taken = await Taken(made.Id, made.Name, ct) ?? await db.Commit(
            () =>
            {
                db.Environments.Add(made);
                db.Record(caller, "environment.create", made.Id, made.Id, made.Name);
            },
            Duplicate(made.Name), ct);
        return taken is null ? made : taken;
    }

    public async Task<Result<DeploymentEnvironment>> Change(Guid id, Patch<EnvironmentChange> patch, Caller caller, CancellationToken ct)
    {
        var found = await db.Environments.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("environment", id);
        }

        if (!patch.Gives(nameof(EnvironmentChange.Name)))
        {
            return found;
        }

        var name = patch.Body.Name;
        var refusal = Names.Check(name) ?? await Taken(id, name, ct) ?? await db.Commit(
            () =>
            {
                (found.Name, found.UpdatedAt) = (name, DateTime.UtcNow);
                db.Record(caller, "environment.update", id, id, patch.Summary);
            },
            Duplicate(name), ct);
        return refusal is null ? found : refusal;
    }

    public async Task<Refusal?> Delete(Guid id, Caller caller, CancellationToken ct)
    {
        var found = await db.Environments.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("environment", id);
        }

        var users = await db.Servers.Where(x => x.EnvironmentId == id).Select(x => new { What = "server", x.Name })
            .Concat(db.Registries.Where(x => x.EnvironmentId == id).Select(x => new { What = "registry", x.Name }))
            .Concat(db.ContainerImages.Where(x => x.EnvironmentId == id).Select(x => new { What = "container image", x.Name }))
            .Concat(db.Services.Where(x => x.EnvironmentId == id).Select(x => new { What = "service", x.Name }))
            .Concat(db.ConfigFiles.Where(x => x.EnvironmentId == id).Select(x => new { What = "config file", x.Name }))
            .Concat(db.EnvironmentValues.Where(x => x.EnvironmentId == id).Select(x => new { What = x.IsSecret ? "secret" : "variable", x.Name }))
            .ToListAsync(ct);
        return users.Count > 0
            ? Refusal.InUse("environment", found.Name, users.ConvertAll(x => $"{x.What} «{x.Name}»"))
            : await db.Commit(
                () =>
                {
                    db.Environments.Remove(found);
                    db.Record(caller, "environment.delete", id, id, found.Name);
                },
                null, ct);
    }

    private async Task<Refusal?> Taken(Guid id, string name, CancellationToken ct) =>
        await db.Environments.AnyAsync(x => x.Name == name && x.Id != id, ct) ? Duplicate(name) : null;

    private static Refusal Duplicate(string name) => Refusal.Conflict(
        $"There is already an environment named «{name}».", "name", "Choose another name, or use the one that is there.");
}
