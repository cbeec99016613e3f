using System.ComponentModel;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Persistence;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Intake.ConfigFiles;

public record NewConfigFile
{
    [Description("1 to 100 characters; unique in the environment.")]
    public required string Name { get; init; }

    [Description("What the file is called, without a folder.")]
    public required string Filename { get; init; }

    [Description("Text, kept byte for byte in UTF-8; ${NAME} is replaced when it is written, $${NAME} stays. Either this or contentBase64.")]
    public string? Content { get; init; }

    [Description("Bytes that are no text, in base64; nothing in them is replaced. At most 1 MiB decoded.")]
    public string? ContentBase64 { get; init; }

    [Description("At most 2000 characters.")]
    public string? Description { get; init; }

    [Description("For editors: yaml, ini, ….")]
    public string? Language { get; init; }
}

public record ConfigFileChange
{
    [Description("1 to 100 characters; unique in the environment.")]
    public string Name { get; init; } = "";

    [Description("What the file is called, without a folder.")]
    public string Filename { get; init; } = "";

    [Description("Text, kept byte for byte in UTF-8. Not together with contentBase64.")]
    public string Content { get; init; } = "";

    [Description("Bytes that are no text, in base64. At most 1 MiB decoded.")]
    public string ContentBase64 { get; init; } = "";

    [Description("At most 2000 characters.")]
    public string? Description { get; init; }

    [Description("For editors: yaml, ini, ….")]
    public string? Language { get; init; }
}

/// <summary>Creates, changes, restores and deletes config files. Hosts are touched by batches alone, never by this.</summary>
public sealed class ConfigFileIntake(DeployHubDb db)
{
    public Task<Result<ConfigFile>> Create(Guid environmentId, NewConfigFile request, Caller caller, CancellationToken ct) => db.Once(
        caller, $"create config file {environmentId}", request, by => Make(environmentId, request, by, ct), ct);

    private async Task<Result<ConfigFile>> Make(Guid environmentId, NewConfigFile request, Caller caller, CancellationToken ct)
    {
        if ((Names.Check(request.Name) ?? ConfigFileRules.CheckFilename(request.Filename) ?? ConfigFileRules.CheckNotes(request.Description, request.Language)) is { } invalid)
        {
            return invalid;
        }

        if (ConfigFileRules.Read(request.Content, request.ContentBase64).IsRefused(out var unfit, out var content))
        {
            return unfit;
        }

        if (!await db.Environments.AnyAsync(x => x.Id == environmentId, ct))
        {
            return Refusal.NotFound("environment", environmentId);
        }

        var now = DateTime.UtcNow;
        var made = new ConfigFile
        {
            Id = Guid.CreateVersion7(), EnvironmentId = environmentId, Name = request.Name, Filename = request.Filename, Content = content.Bytes,
            IsBinary = content.IsBinary, Description = request.Description, Language = request.Language, Version = 1, CreatedAt = now, UpdatedAt = now,
        };
        var refusal = await Taken(made, made.Name, ct) ?? await db.Commit(
            () =>
            {
                db.ConfigFiles.Add(made);
                KeepVersion(made, caller);
                db.Record(caller, "config_file.create", made.Id, environmentId, made.Name);
            },
            Duplicate(made.Name), ct);
        return refusal is null ? made : refusal;
    }

    /// <param name="id">The file.</param>
    /// <param name="patch">What changes.</param>
    /// <param name="expected">Says whether a version is the one that the caller means to change; null: whichever it is.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ct">Ends the try.</param>
    public async Task<Result<ConfigFile>> Change(Guid id, Patch<ConfigFileChange> patch, Func<int, bool>? expected, Caller caller, CancellationToken ct)
    {
        var (found, missed) = await Find(id, expected, ct);
        if (found is null)
        {
            return missed!;
        }

        var body = patch.Body;
        var name = patch.Gives(nameof(body.Name)) ? body.Name : found.Name;
        var filename = patch.Gives(nameof(body.Filename)) ? body.Filename : found.Filename;
        var description = patch.Gives(nameof(body.Description)) ? body.Description : found.Description;
        var language = patch.Gives(nameof(body.Language)) ? body.Language : found.Language;
        if ((Names.Check(name) ?? ConfigFileRules.CheckFilename(filename) ?? ConfigFileRules.CheckNotes(description, language)) is { } invalid)
        {
            return invalid;
        }

        var content = new FileContent(found.Content, found.IsBinary);
        if (patch.Gives(nameof(body.Content)) || patch.Gives(nameof(body.ContentBase64)))
        {
            var given = ConfigFileRules.Read(
                patch.Gives(nameof(body.Content)) ? body.Content : null, patch.Gives(nameof(body.ContentBase64)) ? body.ContentBase64 : null);
            if (given.IsRefused(out var unfit, out var read))
            {
                return unfit;
            }

            content = read;
        }

        var rewritten = IsOther(found, filename, content);
        if (!rewritten && name == found.Name && description == found.Description && language == found.Language)
        {
            return found;
        }

        if (await Taken(found, name, ct) is { } taken)
        {
            return taken;
        }

        return await Save(
            found,
            () =>
            {
                (found.Name, found.Description, found.Language) = (name, description, language);
                Write(found, filename, content, rewritten, caller);
                db.Record(caller, "config_file.update", id, found.EnvironmentId, patch.Summary);
            },
            ct);
    }

    /// <summary>Gives the file the name and content of an earlier version, as a new version.</summary>
    public Task<Result<ConfigFile>> Restore(Guid id, Guid versionId, Func<int, bool>? expected, Caller caller, CancellationToken ct) => db.Once(
        caller, $"restore config file {id} to {versionId}", new { }, by => BringBack(id, versionId, expected, by, ct), ct);

    private async Task<Result<ConfigFile>> BringBack(Guid id, Guid versionId, Func<int, bool>? expected, Caller caller, CancellationToken ct)
    {
        var (found, missed) = await Find(id, expected, ct);
        if (found is null)
        {
            return missed!;
        }

        var version = await db.ConfigFileVersions.AsNoTracking().FirstOrDefaultAsync(x => x.Id == versionId && x.ConfigFileId == id, ct);
        if (version is null)
        {
            return Refusal.NotFound("version of this config file", versionId);
        }

        var content = new FileContent(version.Content, version.IsBinary);
        return !IsOther(found, version.Filename, content)
            ? found
            : await Save(
                found,
                () =>
                {
                    Write(found, version.Filename, content, rewritten: true, caller);
                    db.Record(caller, "config_file.restore", id, found.EnvironmentId, $"version {version.Version}");
                },
                ct);
    }

    public async Task<Refusal?> Delete(Guid id, Func<int, bool>? expected, Caller caller, CancellationToken ct)
    {
        var (found, missed) = await Find(id, expected, ct);
        if (found is null)
        {
            return missed;
        }

        var users = await (from attachment in db.ConfigAttachments
                           join service in db.Services on attachment.ServiceId equals service.Id
                           where attachment.ConfigFileId == id
                           orderby service.Name, attachment.TargetPath
                           select new { service.Name, attachment.TargetPath }).ToListAsync(ct);
        if (users.Count > 0)
        {
            return Refusal.InUse("config file", found.Name, users.ConvertAll(x => $"the service «{x.Name}» at «{x.TargetPath}»"));
        }

        var saved = await Save(
            found,
            () =>
            {
                db.ConfigFiles.Remove(found);
                db.Record(caller, "config_file.delete", id, found.EnvironmentId, found.Name);
            },
            ct);
        return saved.IsRefused(out var refusal, out _) ? refusal : null;
    }

    private static bool IsOther(ConfigFile file, string filename, FileContent content) =>
        filename != file.Filename || content.IsBinary != file.IsBinary || !content.Bytes.AsSpan().SequenceEqual(file.Content);

    private void Write(ConfigFile file, string filename, FileContent content, bool rewritten, Caller caller)
    {
        (file.Version, file.UpdatedAt) = (file.Version + 1, DateTime.UtcNow);
        if (rewritten)
        {
            (file.Filename, file.Content, file.IsBinary) = (filename, content.Bytes, content.IsBinary);
            KeepVersion(file, caller);
        }
    }

    // Kept when it is made, not when it is replaced: only then is it known by whom.
    private void KeepVersion(ConfigFile file, Caller caller) => db.ConfigFileVersions.Add(new ConfigFileVersion
    {
        Id = Guid.CreateVersion7(), ConfigFileId = file.Id, Version = file.Version, Filename = file.Filename, Content = file.Content,
        IsBinary = file.IsBinary, CreatedBy = caller.Name, CreatedAt = file.UpdatedAt,
    });

    // Of two that change the same version at once, the second finds that its row is gone or its version taken.
    private async Task<Result<ConfigFile>> Save(ConfigFile file, Action rows, CancellationToken ct)
    {
        var (id, name, version) = (file.Id, file.Name, file.Version);
        try
        {
            var refusal = await db.Commit(rows, null, ct);
            return refusal is null ? file : refusal;
        }
        catch (DbUpdateException e) when (e is DbUpdateConcurrencyException || e.IsUniqueViolation())
        {
            db.ChangeTracker.Clear();
            return await db.ConfigFiles.AnyAsync(x => x.Id == id && x.Version == version, ct) ? Duplicate(file.Name) : LostUpdate(name);
        }
    }

    private async Task<(ConfigFile? File, Refusal? Refusal)> Find(Guid id, Func<int, bool>? expected, CancellationToken ct) =>
        await db.ConfigFiles.FirstOrDefaultAsync(x => x.Id == id, ct) switch
        {
            null => (null, Refusal.NotFound("config file", id)),
            { } found when expected is not null && !expected(found.Version) => (null, LostUpdate(found.Name)),
            { } found => (found, null),
        };

    private static Refusal LostUpdate(string name) => Refusal.Conflict(
        $"The config file «{name}» was changed since it was read.", "If-Match", "Read it again, look at what changed, then send the change with the new ETag.");

    private async Task<Refusal?> Taken(ConfigFile file, string name, CancellationToken ct) =>
        await db.ConfigFiles.AnyAsync(x => x.EnvironmentId == file.EnvironmentId && x.Name == name && x.Id != file.Id, ct) ? Duplicate(name) : null;

    private static Refusal Duplicate(string name) => Refusal.Duplicate("config file", name, "in this environment");
}
