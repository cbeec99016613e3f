using System.Security.Cryptography;
using DeployHub.Api.Access;
using DeployHub.Api.Http;
using DeployHub.Api.OpenApi;
using DeployHub.Domain.ConfigFiles;
using DeployHub.Intake;
using DeployHub.Intake.ConfigFiles;
using DeployHub.Persistence;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace DeployHub.Api.ConfigFiles;

internal static class ConfigFileRoutes
{
    public static void MapConfigFiles(this IEndpointRouteBuilder app)
    {
        var files = app.MapGroup("/api").WithTags("Config files");
        files.MapGet("/environments/{envId:guid}/config-files", List)
            .Describe("listConfigFiles", "List the config files of an environment, the oldest first", "Without their contents.").TakesPage();
        files.MapPost("/environments/{envId:guid}/config-files", Create)
            .Describe("createConfigFile", "Create a config file", "Takes bodies of up to 2 MiB.").Takes<NewConfigFile>();
        files.MapGet("/config-files/{id:guid}", Get)
            .Describe("getConfigFile", "Get a config file with its content");
        files.MapPatch("/config-files/{id:guid}", Change)
            .Describe("changeConfigFile", "Change a config file", Describing.PatchRule + " No host is touched; a sync brings the change there.")
            .Takes<ConfigFileChange>().TakesIfMatch();
        files.MapDelete("/config-files/{id:guid}", Delete)
            .Describe("deleteConfigFile", "Delete a config file that is attached to nothing", "Hosts keep what was written to them.").TakesIfMatch();
        files.MapGet("/config-files/{id:guid}/history", History)
            .Describe("listConfigFileVersions", "List the versions of a config file, the newest first", "The first one is what it holds now.").TakesPage();
        files.MapPost("/config-files/{id:guid}/restore/{versionId:guid}", Restore)
            .Describe("restoreConfigFile", "Bring an earlier version back, as a new one", "Needs no body.").TakesIfMatch();
    }

    private static async Task<Results<Ok<ConfigFileList>, Refused>> List(Guid envId, HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        if (!await db.Environments.AnyAsync(x => x.Id == envId, ct))
        {
            return Refusal.NotFound("environment", envId).Answer();
        }

        // Contents stay in the database.
        var page = await db.ConfigFiles.AsNoTracking().Where(x => x.EnvironmentId == envId)
            .Select(x => new ConfigFileView
            {
                Id = x.Id, EnvironmentId = x.EnvironmentId, Name = x.Name, Filename = x.Filename, IsBinary = x.IsBinary, Size = x.Content.Length,
                Description = x.Description, Language = x.Language, Version = x.Version, CreatedAt = x.CreatedAt, UpdatedAt = x.UpdatedAt,
            })
            .Page(x => x.CreatedAt, x => x.Id, request, newestFirst: false, ct);
        return TypedResults.Ok(new ConfigFileList(page.Rows, page.NextCursor));
    }

    private static async Task<Results<Created<ConfigFileAnswer>, Refused>> Create(Guid envId, HttpContext http, ConfigFileIntake intake, CancellationToken ct)
    {
        var made = await Body.Read<NewConfigFile>(http, Body.LargestWithContent).Then(request => intake.Create(envId, request, http.Caller(), ct));
        if (made.IsRefused(out var refusal, out var file))
        {
            return refusal.Answer();
        }

        IfMatch.Tag(http, file.Version);
        return TypedResults.Created($"/api/config-files/{file.Id}", new ConfigFileAnswer(ConfigFileView.Of(file)));
    }

    private static async Task<Results<Ok<ConfigFileAnswer>, Refused>> Get(Guid id, HttpContext http, DeployHubDb db, CancellationToken ct) =>
        await db.ConfigFiles.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, ct) is { } file
            ? Answer(http, file)
            : Refusal.NotFound("config file", id).Answer();

    private static async Task<Results<Ok<ConfigFileAnswer>, Refused>> Change(Guid id, HttpContext http, ConfigFileIntake intake, CancellationToken ct)
    {
        if (IfMatch.Read(http).IsRefused(out var refusal, out var condition))
        {
            return refusal.Answer();
        }

        var changed = await Body.ReadPatch<ConfigFileChange, ConfigFileView>(http, Body.LargestWithContent)
            .Then(patch => intake.Change(id, patch, condition.Holds, http.Caller(), ct));
        return changed.IsRefused(out refusal, out var file) ? refusal.Answer() : Answer(http, file);
    }

    private static async Task<Results<NoContent, Refused>> Delete(Guid id, HttpContext http, ConfigFileIntake intake, CancellationToken ct) =>
        IfMatch.Read(http).IsRefused(out var refusal, out var condition) ? refusal.Answer()
        : await intake.Delete(id, condition.Holds, http.Caller(), ct) is { } refused ? refused.Answer()
        : TypedResults.NoContent();

    private static async Task<Results<Ok<ConfigFileHistory>, Refused>> History(Guid id, HttpContext http, DeployHubDb db, CancellationToken ct)
    {
        if (PageRequest.Read(http).IsRefused(out var refusal, out var request))
        {
            return refusal.Answer();
        }

        if (!await db.ConfigFiles.AnyAsync(x => x.Id == id, ct))
        {
            return Refusal.NotFound("config file", id).Answer();
        }

        var page = await db.ConfigFileVersions.AsNoTracking().Where(x => x.ConfigFileId == id)
            .Select(x => new VersionRow { Id = x.Id, CreatedAt = x.CreatedAt })
            .Page(x => x.CreatedAt, x => x.Id, request, newestFirst: true, ct);
        var versions = new List<ConfigFileVersionView>(page.Rows.Count);
        foreach (var row in page.Rows)
        {
            // One content in memory at a time.
            var version = await db.ConfigFileVersions.AsNoTracking().FirstAsync(x => x.Id == row.Id, ct);
            versions.Add(new ConfigFileVersionView(
                version.Id, version.Version, version.Filename, version.IsBinary, version.CreatedAt, version.CreatedBy, version.Content.Length,
                Convert.ToHexStringLower(SHA256.HashData(version.Content))));
        }

        return TypedResults.Ok(new ConfigFileHistory(versions, page.NextCursor));
    }

    private static async Task<Results<Ok<ConfigFileAnswer>, Refused>> Restore(
        Guid id, Guid versionId, HttpContext http, ConfigFileIntake intake, CancellationToken ct)
    {
        if (IfMatch.Read(http).IsRefused(out var refusal, out var condition))
        {
            return refusal.Answer();
        }

        var restored = await intake.Restore(id, versionId, condition.Holds, http.Caller(), ct);
        return restored.IsRefused(out refusal, out var file) ? refusal.Answer() : Answer(http, file);
    }

    private static Ok<ConfigFileAnswer> Answer(HttpContext http, ConfigFile file)
    {
        IfMatch.Tag(http, file.Version);
        return TypedResults.Ok(new ConfigFileAnswer(ConfigFileView.Of(file)));
    }

    private sealed record VersionRow
    {
        public Guid Id { get; init; }
        public DateTime CreatedAt { get; init; }
    }
}
