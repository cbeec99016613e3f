namespace DeployHub.Domain.Servers;

/// <summary>A host with a Docker Engine.</summary>
public class Server
{
    /// <summary>Where config files may be written unless the server says otherwise.</summary>
    public static readonly IReadOnlyList<string> DefaultWritableFolders = ["/opt", "/srv", "/etc/deployhub"];

    public Guid Id { get; init; }
    public Guid EnvironmentId { get; init; }
    public required string Name { get; set; }

    /// <summary>Where the engine listens: <c>unix:///var/run/docker.sock</c> or <c>tcp://host:port</c>.</summary>
    public required string Endpoint { get; set; }

    /// <summary>The engine's own id, once a worker has seen it. Locks are keyed by it, since one engine may be registered twice.</summary>
    public string? EngineId { get; set; }

    public string? EngineVersion { get; set; }
    public ServerStatus Status { get; set; }
    public string? StatusMessage { get; set; }
    public DateTime? LastSeenAt { get; set; }

    /// <summary>The folders that config files may be written to; null: <see cref="DefaultWritableFolders"/>.</summary>
    public List<string>? WritableFolders { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; set; }
}

/// <summary>What the last contact with a server's engine gave.</summary>
public enum ServerStatus
{
    Unknown,
    Reachable,
    Unreachable,
}
