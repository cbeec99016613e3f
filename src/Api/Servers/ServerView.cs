using System.ComponentModel;
using DeployHub.Domain.Servers;

namespace DeployHub.Api.Servers;

internal sealed record ServerAnswer(ServerView Server);

internal sealed record ServerList(List<ServerView> Servers, string? NextCursor);

internal sealed record ServerView(
    Guid Id,
    Guid EnvironmentId,
    string Name,
    string Endpoint,
    [property: Description("The engine's own id, with its host and folder, once a worker has seen it.")] string? EngineId,
    string? EngineVersion,
    [property: Description("What the last contact with the engine gave.")] ServerStatus Status,
    string? StatusMessage,
    DateTime? LastSeenAt,
    [property: Description("The folders that config files may be written to; null: /opt, /srv and /etc/deployhub.")] List<string>? WritableFolders,
    DateTime CreatedAt,
    DateTime UpdatedAt)
{
    public static ServerView Of(Server x) => new(
        x.Id, x.EnvironmentId, x.Name, x.Endpoint, x.EngineId, x.EngineVersion, x.Status, x.StatusMessage, x.LastSeenAt, x.WritableFolders, x.CreatedAt, x.UpdatedAt);
}
