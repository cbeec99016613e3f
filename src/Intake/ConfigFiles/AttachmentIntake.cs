using System.ComponentModel;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.Services;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.ConfigFiles;

public record NewAttachment
{
    [Description("A config file of the service's environment.")]
    public required Guid ConfigFileId { get; init; }

    [Description("One deployment of the service; for it, this takes the place of what the file has for the whole service. Left out, the file goes to every server of the service.")]
    public Guid? ServiceDeploymentId { get; init; }

    [Description("The file's absolute path on the host, in normal form.")]
    public required string TargetPath { get; init; }

    [Description("Permission bits, four octal digits; left out, 0644, or 0600 where the path ends in .env.")]
    public string? Mode { get; init; }

    [Description("The owner's number on the host.")]
    [DefaultValue(0)]
    public int Uid { get; init; }

    [Description("The group's number on the host.")]
    [DefaultValue(0)]
    public int Gid { get; init; }

    [Description("What happens to the service's container when the file has changed.")]
    public OnChange OnChange { get; init; }

    [Description("With onChange «signal»: SIGHUP and the like.")]
    public string? Signal { get; init; }
}

public record AttachmentChange
{
    [Description("The file's absolute path on the host, in normal form.")]
    public string TargetPath { get; init; } = "";

    [Description("Permission bits, four octal digits; null goes back to the default of the path.")]
    public string? Mode { get; init; }

    [Description("The owner's number on the host.")]
    public int Uid { get; init; }

    [Description("The group's number on the host.")]
    public int Gid { get; init; }

    [Description("What happens to the service's container when the file has changed.")]
    public OnChange OnChange { get; init; }

    [Description("With onChange «signal»: SIGHUP and the like.")]
    public string? Signal { get; init; }
}

/// <summary>Says where config files go. Hosts are touched by batches alone, never by this.</summary>
public sealed class AttachmentIntake(DeployHubDb db)
{
    public Task<Result<ConfigAttachment>> Create(Guid serviceId, NewAttachment request, Caller caller, CancellationToken ct) => db.Once(
        caller, $"create attachment {serviceId}", request, by => Make(serviceId, request, by, ct), ct);

    private async Task<Result<ConfigAttachment>> Make(Guid serviceId, NewAttachment request, Caller caller, CancellationToken ct)
    {
        var service = await db.Services.AsNoTracking().FirstOrDefaultAsync(x => x.Id == serviceId, ct);
        if (service is null)
        {
            return Refusal.NotFound("service", serviceId);
        }

        var now = DateTime.UtcNow;
        var made = new ConfigAttachment
        {
            Id = Guid.CreateVersion7(), ConfigFileId = request.ConfigFileId, ServiceId = serviceId, ServiceDeploymentId = request.ServiceDeploymentId,
            TargetPath = request.TargetPath, Uid = request.Uid, Gid = request.Gid, OnChange = request.OnChange, Signal = request.Signal, CreatedAt = now, UpdatedAt = now,
        };
        if (Check(made, request.Mode, service) is { } invalid)
        {
            return invalid;
        }

        var refusal = await CheckReferences(made, service.EnvironmentId, ct) ?? await Save(
            made,
            () =>
            {
                db.ConfigAttachments.Add(made);
                db.Record(caller, "config_attachment.create", made.Id, service.EnvironmentId, $"{service.Name} at {made.TargetPath}");
            },
            ct);
        return refusal is null ? made : refusal;
    }

    public async Task<Result<ConfigAttachment>> Change(Guid serviceId, Guid id, Patch<AttachmentChange> patch, Caller caller, CancellationToken ct)
    {
        var found = await Find(serviceId, id, ct);
        var service = await db.Services.AsNoTracking().FirstOrDefaultAsync(x => x.Id == serviceId, ct);
        if (found is null || service is null)
        {
            return NotFound(id);
        }

        var body = patch.Body;
        var moves = patch.Gives(nameof(body.TargetPath)) && body.TargetPath != found.TargetPath;
        found.TargetPath = patch.Gives(nameof(body.TargetPath)) ? body.TargetPath : found.TargetPath;
        found.Uid = patch.Gives(nameof(body.Uid)) ? body.Uid : found.Uid;
        found.Gid = patch.Gives(nameof(body.Gid)) ? body.Gid : found.Gid;
        found.OnChange = patch.Gives(nameof(body.OnChange)) ? body.OnChange : found.OnChange;

        // A signal that was set goes with what it was set for.
        found.Signal = patch.Gives(nameof(body.Signal)) ? body.Signal : found.OnChange == OnChange.Signal ? found.Signal : null;
        var mode = patch.Gives(nameof(body.Mode)) ? body.Mode : FileModes.Show(found.Mode);
        if (Check(found, mode, service) is { } invalid)
        {
            return invalid;
        }

        found.UpdatedAt = DateTime.UtcNow;
        var refusal = await Save(found, () => db.Record(caller, "config_attachment.update", id, service.EnvironmentId, patch.Summary), ct, moves);
        return refusal is null ? found : refusal;
    }

    public async Task<Refusal?> Delete(Guid serviceId, Guid id, Caller caller, CancellationToken ct)
    {
        if (await Find(serviceId, id, ct) is not { } found)
        {
            return NotFound(id);
        }

        var environmentId = await db.Services.Where(x => x.Id == serviceId).Select(x => (Guid?)x.EnvironmentId).FirstOrDefaultAsync(ct);
        return await db.Commit(
            () =>
            {
                db.ConfigAttachments.Remove(found);
                db.Record(caller, "config_attachment.delete", id, environmentId, found.TargetPath);
            },
            null, ct);
    }

    private static Refusal? Check(ConfigAttachment attachment, string? mode, Service service)
    {
        if (TargetPath.Problem(attachment.TargetPath) is { } problem)
        {
            return Refusal.Invalid("targetPath", problem);
        }

        if ((mode is null ? TargetPath.DefaultMode(attachment.TargetPath) : FileModes.Parse(mode)) is not { } bits)
        {
            return Refusal.Invalid("mode", "must be four octal digits, from «0000» to «0777».");
        }

        attachment.Mode = bits;
        return attachment.Uid < 0 ? Refusal.Invalid("uid", "must not be negative.")
            : attachment.Gid < 0 ? Refusal.Invalid("gid", "must not be negative.")
            : ReloadRules.Check(attachment, service);
    }

    private async Task<Refusal?> CheckReferences(ConfigAttachment made, Guid environmentId, CancellationToken ct) =>
        !await db.ConfigFiles.AnyAsync(x => x.Id == made.ConfigFileId && x.EnvironmentId == environmentId, ct)
            ? Refusal.Invalid("configFileId", "names no config file of the service's environment.", $"GET /api/environments/{environmentId}/config-files lists them.")
            : made.ServiceDeploymentId is { } deploymentId && !await db.ServiceDeployments.AnyAsync(x => x.Id == deploymentId && x.ServiceId == made.ServiceId, ct)
                ? Refusal.Invalid("serviceDeploymentId", "names no deployment of this service.", $"GET /api/services/{made.ServiceId}/deployments lists them.")
                : null;

    // Two that take a path at once are put in order by the service's row, which both write: no index can say «unique» where null counts.
    private async Task<Refusal?> Save(ConfigAttachment attachment, Action rows, CancellationToken ct, bool takesPath = true)
    {
        Refusal? taken = null;
        try
        {
            await db.InTransaction(
                async () =>
                {
                    await db.Services.Where(x => x.Id == attachment.ServiceId).ExecuteUpdateAsync(set => set.SetProperty(x => x.Name, x => x.Name), ct);
                    taken = takesPath && await db.ConfigAttachments.AnyAsync(
                        x => x.ServiceId == attachment.ServiceId && x.ServiceDeploymentId == attachment.ServiceDeploymentId && x.TargetPath == attachment.TargetPath
                            && x.Id != attachment.Id,
                        ct)
                        ? Refusal.Conflict(
                            $"There is already a file at «{attachment.TargetPath}» on this {(attachment.ServiceDeploymentId is null ? "service" : "service deployment")}.", "targetPath",
                            "Choose another path, or change the one that is there.")
                        : null;
                    if (taken is null)
                    {
                        rows();
                    }
                    else
                    {
                        db.ChangeTracker.Clear();
                    }
                },
                ct);
            return taken;
        }
        catch (DbUpdateConcurrencyException)
        {
            return NotFound(attachment.Id);
        }
        catch (DbUpdateException e) when (e.IsForeignKeyViolation())
        {
            return Refusal.Conflict("What this refers to was changed at the same time.", null, "Read it again, then repeat the request.");
        }
    }

    private Task<ConfigAttachment?> Find(Guid serviceId, Guid id, CancellationToken ct) =>
        db.ConfigAttachments.FirstOrDefaultAsync(x => x.Id == id && x.ServiceId == serviceId, ct);

    private static Refusal NotFound(Guid id) => Refusal.NotFound("file of this service", id);
}
