using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using DeployHub.Api.Deployments;
using DeployHub.Api.OpenApi;
using DeployHub.Contracts.ConfigSync;
using DeployHub.Contracts.Wire;
using Microsoft.AspNetCore.Http.Metadata;

namespace DeployHub.Api.ConfigSync;

/// <summary>What a batch would do. Nothing of it is stored.</summary>
internal sealed record DryRunView(bool DryRun, Guid EnvironmentId, bool RollbackOnFailure, List<DryRunOperationView> Operations);

internal sealed record DryRunOperationView(
    int Index,
    OperationStatus Status,
    Guid ConfigFileId,
    string ConfigFileName,
    int ConfigFileVersion,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SyncErrorView? Error,
    List<DryRunTargetView> Targets);

/// <summary>What would become of one path on one server.</summary>
internal enum DryRunOutcome
{
    Create,
    Change,
    Unchanged,
    Failed,
}

internal sealed record DryRunTargetView(
    NamedView Server,
    string Path,
    DryRunOutcome Outcome,
    string? FromHash,
    string? ToHash,
    string? FromMode,
    string Mode,
    int? FromUid,
    int Uid,
    int? FromGid,
    int Gid,
    [property: Description("A unified diff with secrets hidden; null where there is none to show.")] string? Diff,
    [property: Description("Why there is no diff.")] string? Note,
    SyncErrorView? Error);

/// <summary>The answer to a dry run.</summary>
internal sealed class DryRunAnswer(DryRunView view) : IResult, IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => builder.Metadata.Add(SecondShape.Of(typeof(DryRunView)));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(view, WireWords.Json);
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        httpContext.Response.Headers.CacheControl = "no-store";
        httpContext.Response.ContentLength = body.Length;
        await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted);
    }
}
