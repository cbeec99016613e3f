using System.Text.Json.Serialization;
using DeployHub.Contracts.Deployments;
using DeployHub.Contracts.Wire;

namespace DeployHub.Contracts.Commands;

// What other programs may put on the queues. Each field means what the field of that name means in the REST API.

/// <summary>Deploys an image to all services that are linked to it; as <c>POST /api/container-images/{id}/deploy</c>. At least one of tag and digest.</summary>
public record DeployContainerImage
{
    /// <summary>The container image.</summary>
    public required Guid ContainerImageId { get; init; }

    /// <summary>The tag to deploy; it is resolved to its manifest digest once, and every server pulls that digest.</summary>
    public string? ImageTag { get; init; }

    /// <summary>The digest to deploy: the id of a recorded digest, or <c>sha256:…</c>. With a tag as well, the tag must still point to it.</summary>
    public string? ImageDigestId { get; init; }

    /// <summary>Take every service back to what ran before when one of them fails.</summary>
    public bool AutoRollback { get; init; } = true;

    /// <summary>How many containers may be replaced at a time: 1 to 64.</summary>
    public int MaxParallel { get; init; } = 1;

    /// <summary>What becomes of it when another plan holds, or waits for, one of the containers.</summary>
    [JsonConverter(typeof(WireWordConverter<OnConflict>))]
    public OnConflict OnConflict { get; init; } = OnConflict.Queue;

    /// <summary>1 to 200 characters: the same command under the same key is done once. Left out, it is the message's id.</summary>
    public string? IdempotencyKey { get; init; }
}

/// <summary>Brings config files to their hosts as one unit; as <c>POST /api/sync/batch</c>.</summary>
public record ExecuteSyncBatch
{
    /// <summary>1 to 50 operations, done in this order.</summary>
    public required List<SyncOperation> Operations { get; init; }

    /// <summary>Bring every host back to what it held before when one target fails.</summary>
    public bool RollbackOnFailure { get; init; } = true;

    /// <summary>1 to 200 characters: the same command under the same key is done once. Left out, it is the message's id.</summary>
    public string? IdempotencyKey { get; init; }
}

/// <summary>One config file of an <see cref="ExecuteSyncBatch"/>.</summary>
public record SyncOperation
{
    /// <summary><c>config-file-sync</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The config file to bring to all its targets: an id.</summary>
    public required string ConfigFileId { get; init; }
}

/// <summary>Stops a plan; as <c>POST /api/deployment-plans/{id}/cancel</c>.</summary>
public record CancelDeployment
{
    /// <summary>The plan.</summary>
    public required Guid PlanId { get; init; }

    /// <summary>True: take back what was touched; false: keep it as it stands. Left out, the plan's own <c>autoRollback</c>.</summary>
    public bool? Rollback { get; init; }

    /// <summary>1 to 200 characters: the same command under the same key is done once. Left out, it is the message's id.</summary>
    public string? IdempotencyKey { get; init; }
}

/// <summary>Takes back a plan that completed, failed or was cancelled; as <c>POST /api/deployment-plans/{id}/rollback</c>.</summary>
public record RollbackDeployment
{
    /// <summary>The plan.</summary>
    public required Guid PlanId { get; init; }

    /// <summary>1 to 200 characters: the same command under the same key is done once. Left out, it is the message's id.</summary>
    public string? IdempotencyKey { get; init; }
}
