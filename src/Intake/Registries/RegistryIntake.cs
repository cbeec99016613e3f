using System.ComponentModel;
using DeployHub.Domain.Registries;
using DeployHub.Intake.Images;
using DeployHub.Persistence;
using DeployHub.Persistence.Secrets;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Registries;

public record NewRegistry
{
    [Description("1 to 100 characters; unique in the environment.")]
    public required string Name { get; init; }

    [Description("Host and port as they stand in image names, as in registry.example.com:5000.")]
    public required string RegistryUrl { get; init; }

    public string? Username { get; init; }

    [Description("Stored encrypted and never returned.")]
    public string? Password { get; init; }
}

public record RegistryChange
{
    [Description("1 to 100 characters; unique in the environment.")]
    public string Name { get; init; } = "";

    [Description("Host and port as they stand in image names, as in registry.example.com:5000.")]
    public string RegistryUrl { get; init; } = "";

    [Description("null removes it.")]
    public string? Username { get; init; }

    [Description("Stored encrypted and never returned; null removes it.")]
    public string? Password { get; init; }
}

/// <summary>Creates, changes and deletes registries and the credentials for them.</summary>
public sealed class RegistryIntake(DeployHubDb db, SecretBox secrets)
{
    public Task<Result<Registry>> Create(Guid environmentId, NewRegistry request, Caller caller, CancellationToken ct) => db.Once(
        caller, $"create registry {environmentId}", request with { Password = request.Password is null ? null : secrets.Fingerprint(request.Password) }, by => Make(environmentId, request, by, ct), ct);

    private async Task<Result<Registry>> Make(Guid environmentId, NewRegistry request, Caller caller, CancellationToken ct)
    {
        if ((Names.Check(request.Name) ?? RegistryRules.CheckUrl(request.RegistryUrl)
            ?? RegistryRules.CheckCredentials(request.Username, request.Password is not null)) is { } invalid)
        {
            return invalid;
        }

        if (!await db.Environments.AnyAsync(x => x.Id == environmentId, ct))
        {
            return Refusal.NotFound("environment", environmentId);
        }

        var now = DateTime.UtcNow;
        var made = new Registry
        {
            Id = Guid.CreateVersion7(),
            EnvironmentId = environmentId,
            Name = request.Name,
            RegistryUrl = RegistryRules.HostOf(request.RegistryUrl),
            Username = request.Username,
            Password = request.Password is null ? null : secrets.Seal(request.Password),
            CreatedAt = now,
            UpdatedAt = now,
        };
        var refusal = await Taken(made, made.Name, ct) ?? await db.Commit(
            () =>
            {
                db.Registries.Add(made);
                db.Record(caller, "registry.create", made.Id, environmentId, made.Name);
            },
            Duplicate(made.Name), ct);
        return refusal is null ? made : refusal;
    }

    public async Task<Result<Registry>> Change(Guid id, Patch<RegistryChange> patch, Caller caller, CancellationToken ct)
    {
        var found = await db.Registries.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("registry", id);
        }

        var (body, now) = (patch.Body, DateTime.UtcNow);
        var name = patch.Gives(nameof(body.Name)) ? body.Name : found.Name;
        var url = patch.Gives(nameof(body.RegistryUrl)) ? body.RegistryUrl : found.RegistryUrl;
        var username = patch.Gives(nameof(body.Username)) ? body.Username : found.Username;
        var hasPassword = patch.Gives(nameof(body.Password)) ? body.Password is not null : found.Password is not null;
        var refusal = Names.Check(name) ?? RegistryRules.CheckUrl(url) ?? RegistryRules.CheckCredentials(username, hasPassword)
            ?? await Taken(found, name, ct)
            ?? (ImageRules.SameRegistry(RegistryRules.HostOf(url), found.RegistryUrl) ? null : await FindUsers(found, ct))
            ?? await db.Commit(
                () =>
                {
                    (found.Name, found.RegistryUrl, found.Username, found.UpdatedAt) = (name, RegistryRules.HostOf(url), username, now);
                    if (patch.Gives(nameof(body.Password)))
                    {
                        found.Password = body.Password is null ? null : secrets.Seal(body.Password);
                    }

                    db.Record(caller, "registry.update", id, found.EnvironmentId, patch.Summary);
                },
                Duplicate(name), ct);
        return refusal is null ? found : refusal;
    }

    public async Task<Refusal?> Delete(Guid id, Caller caller, CancellationToken ct)
    {
        var found = await db.Registries.FirstOrDefaultAsync(x => x.Id == id, ct);
        return found is null
            ? Refusal.NotFound("registry", id)
            : await FindUsers(found, ct) ?? await db.Commit(
                () =>
                {
                    db.Registries.Remove(found);
                    db.Record(caller, "registry.delete", id, found.EnvironmentId, found.Name);
                },
                null, ct);
    }

    private async Task<Refusal?> FindUsers(Registry registry, CancellationToken ct)
    {
        var users = await db.ContainerImages.Where(x => x.RegistryConnectionId == registry.Id).OrderBy(x => x.Name).Select(x => x.Name).ToListAsync(ct);
        return users.Count > 0 ? Refusal.InUse("registry", registry.Name, users.ConvertAll(name => $"container image «{name}»")) : null;
    }

    private async Task<Refusal?> Taken(Registry registry, string name, CancellationToken ct) =>
        await db.Registries.AnyAsync(x => x.EnvironmentId == registry.EnvironmentId && x.Name == name && x.Id != registry.Id, ct) ? Duplicate(name) : null;

    private static Refusal Duplicate(string name) => Refusal.Duplicate("registry", name, "in this environment");
}
