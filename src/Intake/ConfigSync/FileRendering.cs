using DeployHub.Contracts.ConfigSync;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.Servers;
using DeployHub.Domain.Services;
using DeployHub.Persistence;
using DeployHub.Persistence.Secrets;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.ConfigSync;

/// <summary>Finds out where config files of an environment go and what they are there, with the values as they are now.</summary>
public sealed class FileRendering(DeployHubDb db, SecretBox box)
{
    /// <summary>The files in the order in which they are given.</summary>
    /// <param name="environmentId">Their environment.</param>
    /// <param name="files">The files.</param>
    /// <param name="mostBytes">How much content is kept in memory together; once there is more, the targets that are left have neither content nor hash. Null: hashes alone, of all.</param>
    /// <param name="ct">Ends the try.</param>
    public async Task<List<RenderedFile>> Render(Guid environmentId, List<ConfigFile> files, long? mostBytes, CancellationToken ct)
    {
        var environment = await db.Environments.Where(x => x.Id == environmentId).Select(x => x.Name).FirstOrDefaultAsync(ct) ?? "";
        var values = await ReadValues(environmentId, ct);
        var places = await FindPlaces(files.ConvertAll(file => file.Id), ct);
        var rendered = new List<RenderedFile>(files.Count);
        var left = mostBytes;
        foreach (var file in files)
        {
            rendered.Add(Render(file, places.GetValueOrDefault(file.Id, []), environment, values, ref left));
        }

        return rendered;
    }

    /// <summary>The values of the environment's secrets, to be hidden from what is shown.</summary>
    public async Task<List<string>> ReadSecrets(Guid environmentId, CancellationToken ct) =>
        (await db.EnvironmentValues.Where(x => x.EnvironmentId == environmentId && x.IsSecret).Select(x => x.Sealed!).ToListAsync(ct)).ConvertAll(box.Open);

    private async Task<Dictionary<string, string>> ReadValues(Guid environmentId, CancellationToken ct) =>
        (await db.EnvironmentValues.AsNoTracking().Where(x => x.EnvironmentId == environmentId).ToListAsync(ct))
            .ToDictionary(x => x.Name, x => x.IsSecret ? box.Open(x.Sealed!) : x.Value!, StringComparer.Ordinal);

    private async Task<Dictionary<Guid, List<Place>>> FindPlaces(List<Guid> files, CancellationToken ct)
    {
        var rows = await (from attachment in db.ConfigAttachments.AsNoTracking()
                          where files.Contains(attachment.ConfigFileId)
                          join service in db.Services on attachment.ServiceId equals service.Id
                          join deployment in db.ServiceDeployments on service.Id equals deployment.ServiceId
                          where attachment.ServiceDeploymentId == null || attachment.ServiceDeploymentId == deployment.Id
                          join server in db.Servers on deployment.ServerId equals server.Id
                          select new Place(attachment, service, deployment, server)).ToListAsync(ct);

        // What a file has for one deployment takes the place of all that it has for the service.
        return rows.GroupBy(row => (row.Attachment.ConfigFileId, row.Deployment.Id))
            .SelectMany(places => places.Any(x => x.IsOverride) ? places.Where(x => x.IsOverride) : places)
            .GroupBy(row => row.Attachment.ConfigFileId)
            .ToDictionary(
                group => group.Key,
                group => group.OrderBy(x => x.Server.Name, StringComparer.Ordinal).ThenBy(x => x.Attachment.TargetPath, StringComparer.Ordinal)
                    .ThenBy(x => x.Attachment.Id).ThenBy(x => x.Deployment.Id).ToList());
    }

    private static RenderedFile Render(ConfigFile file, List<Place> places, string environment, Dictionary<string, string> values, ref long? left)
    {
        if (places.Count == 0)
        {
            return new RenderedFile(file, [], new SyncError(
                SyncErrorCodes.NoTargets,
                $"The config file «{file.Name}» is attached to no service that is on a server. Attach it with POST /api/services/{{id}}/files."));
        }

        var targets = new List<RenderedTarget>(places.Count);
        SyncError? error = null;
        foreach (var (attachment, service, deployment, server) in places)
        {
            if (left < 0)
            {
                targets.Add(new RenderedTarget(server, service.Id, deployment.ContainerName, attachment, null, null));
                continue;
            }

            var rendering = file.IsBinary
                ? new Rendering(file.Content, [], TooLarge: false)
                : Template.Render(file.Content, ValueNames.ForTarget(values, environment, service.Name, server.Name, deployment.ContainerName));
            error ??= Explain(file, rendering);
            left -= rendering.Bytes?.Length ?? 0;
            targets.Add(new RenderedTarget(
                server, service.Id, deployment.ContainerName, attachment, left >= 0 ? rendering.Bytes : null,
                rendering.Bytes is null ? null : ContentHash.Of(rendering.Bytes)));
        }

        return new RenderedFile(file, targets, error);
    }

    private static SyncError? Explain(ConfigFile file, Rendering rendering)
    {
        const int most = 20;
        return rendering switch
        {
            { Missing: { Count: > 0 } names } => new SyncError(
                SyncErrorCodes.MissingValue,
                $"The config file «{file.Name}» names values that the environment does not have: {string.Join(", ", names.Take(most))}"
                + $"{(names.Count > most ? $" and {names.Count - most} more" : "")}. Set them as variables or secrets, or write $${{NAME}} for the text itself."),
            { TooLarge: true } => new SyncError(
                SyncErrorCodes.TooLarge, $"With its values in place the config file «{file.Name}» is larger than {Template.LargestBytes >> 20} MiB."),
            _ => null,
        };
    }

    private sealed record Place(ConfigAttachment Attachment, Service Service, ServiceDeployment Deployment, Server Server)
    {
        public bool IsOverride => Attachment.ServiceDeploymentId is not null;
    }
}
