using System.ComponentModel;
using DeployHub.Domain.Servers;
using DeployHub.Intake.ConfigSync;
using DeployHub.Intake.Deployments;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.Servers;

public record NewServer
{
    [Description("1 to 100 characters; unique in the environment.")]
    public required string Name { get; init; }

    [Description("Where the Docker Engine listens: unix:///path or tcp://host:port.")]
    public required string Endpoint { get; init; }

    [Description(WritableFolderRules.Description)]
    public List<string>? WritableFolders { get; init; }
}

public record ServerChange
{
    [Description("1 to 100 characters; unique in the environment.")]
    public string Name { get; init; } = "";

    [Description("Where the Docker Engine listens: unix:///path or tcp://host:port.")]
    public string Endpoint { get; init; } = "";

    [Description(WritableFolderRules.Description)]
    public List<string>? WritableFolders { get; init; }
}

/// <summary>Creates, changes and deletes servers.</summary>
public sealed class ServerIntake(DeployHubDb db)
{
    public Task<Result<Server>> Create(Guid environmentId, NewServer request, Caller caller, CancellationToken ct) => db.Once(
        caller, $"create server {environmentId}", request, by => Make(environmentId, request, by, ct), ct);

    private async Task<Result<Server>> Make(Guid environmentId, NewServer request, Caller caller, CancellationToken ct)
    {
        if ((Names.Check(request.Name) ?? EndpointRules.Check(request.Endpoint) ?? WritableFolderRules.Check(request.WritableFolders)) is { } invalid)
        {
            return invalid;
        }

        if (!await db.Environments.AnyAsync(x => x.Id == environmentId, ct))
        {
            return Refusal.NotFound("environment", environmentId);
        }

        var now = DateTime.UtcNow;
        var made = new Server
        {
            Id = Guid.CreateVersion7(), EnvironmentId = environmentId, Name = request.Name, Endpoint = request.Endpoint.TrimEnd('/'),
            WritableFolders = request.WritableFolders, CreatedAt = now, UpdatedAt = now,
        };
        var refusal = await Taken(made, made.Name, ct) ?? await db.Commit(
            () =>
            {
                db.Servers.Add(made);
                db.Record(caller, "server.create", made.Id, environmentId, made.Name);
            },
            Duplicate(made.Name), ct);
        return refusal is null ? made : refusal;
    }

    public async Task<Result<Server>> Change(Guid id, Patch<ServerChange> patch, Caller caller, CancellationToken ct)
    {
        var found = await db.Servers.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("server", id);
        }

        var name = patch.Gives(nameof(ServerChange.Name)) ? patch.Body.Name : found.Name;
        var endpoint = patch.Gives(nameof(ServerChange.Endpoint)) ? patch.Body.Endpoint.TrimEnd('/') : found.Endpoint;
        var folders = patch.Gives(nameof(ServerChange.WritableFolders)) ? patch.Body.WritableFolders : found.WritableFolders;
        var moves = endpoint != found.Endpoint;
        var refusal = Names.Check(name) ?? EndpointRules.Check(endpoint) ?? WritableFolderRules.Check(folders) ?? await Taken(found, name, ct)
            ?? (moves ? await FindUnderWay(found, ct) : null)
            ?? await db.Commit(
                () =>
                {
                    (found.Name, found.Endpoint, found.WritableFolders, found.UpdatedAt) = (name, endpoint, folders, DateTime.UtcNow);
                    if (moves)
                    {
                        ForgetEngine(found);
                    }

                    db.Record(caller, "server.update", id, found.EnvironmentId, patch.Summary);
                },
                Duplicate(name), ct);
        return refusal is null ? found : refusal;
    }

    public async Task<Refusal?> Delete(Guid id, Caller caller, CancellationToken ct)
    {
        var found = await db.Servers.FirstOrDefaultAsync(x => x.Id == id, ct);
        if (found is null)
        {
            return Refusal.NotFound("server", id);
        }

        var users = await (from deployment in db.ServiceDeployments
                           join service in db.Services on deployment.ServiceId equals service.Id
                           where deployment.ServerId == id
                           orderby service.Name
                           select service.Name).ToListAsync(ct);
        return users.Count > 0
            ? Refusal.InUse("server", found.Name, users.ConvertAll(name => $"service «{name}»"))
            : await db.FindBatchAt($"server «{found.Name}»", target => target.ServerId == id, ct) ?? await db.Commit(
                () =>
                {
                    db.Servers.Remove(found);
                    db.Record(caller, "server.delete", id, found.EnvironmentId, found.Name);
                },
                null, ct);
    }

    // A batch under way could neither go on nor go back.
    private async Task<Refusal?> FindUnderWay(Server server, CancellationToken ct) =>
        await db.FindPlanAt($"server «{server.Name}»", step => step.ServerId == server.Id, ct)
        ?? await db.FindBatchAt($"server «{server.Name}»", target => target.ServerId == server.Id, ct);

    // Another engine may listen there; a worker finds out at the next plan.
    private static void ForgetEngine(Server server)
    {
        (server.EngineId, server.EngineVersion, server.LastSeenAt) = (null, null, null);
        (server.Status, server.StatusMessage) = (ServerStatus.Unknown, null);
    }

    private async Task<Refusal?> Taken(Server server, string name, CancellationToken ct) =>
        await db.Servers.AnyAsync(x => x.EnvironmentId == server.EnvironmentId && x.Name == name && x.Id != server.Id, ct) ? Duplicate(name) : null;

    private static Refusal Duplicate(string name) => Refusal.Duplicate("server", name, "in this environment");
}
