namespace DeployHub.Persistence.Locks;

/// <summary>A plan's or batch's claim on one target: an engine's id and a container's name or a file's path. Waiting until it is granted.</summary>
public class TargetLock
{
    /// <summary>The order of arrival.</summary>
    public long Sequence { get; init; }

    public required string Key { get; set; }

    /// <summary>The plan or the batch.</summary>
    public Guid PlanId { get; init; }

    public bool Granted { get; set; }

    /// <summary>The key of a container on an engine; <paramref name="engine"/> is the engine's own id.</summary>
    public static string ForContainer(string engine, string containerName) => $"{engine}/container/{containerName}";

    /// <summary>The key of a file on an engine's host.</summary>
    public static string ForFile(string engine, string path) => $"{engine}/file/{path}";

    /// <summary>What people know the target by: the container's name or the file's path.</summary>
    public static string NameOf(string key)
    {
        foreach (var mark in new[] { "/container/", "/file/" })
        {
            if (key.IndexOf(mark, StringComparison.Ordinal) is >= 0 and var at)
            {
                return key[(at + mark.Length)..];
            }
        }

        return key;
    }

    /// <summary>Stands in for the id of an engine that no worker has seen yet; the plan's preparation replaces it.</summary>
    public static string UnknownEngine(Guid serverId) => $"server:{serverId}";
}
