namespace DeployHub.Docker;

/// <summary>The bounds within which an <see cref="EngineClient"/> waits and reads. Every wait ends by one of them.</summary>
public sealed record EngineClientOptions
{
    /// <summary>How long one call may take from its start to the last byte of its answer. Default 30 s. Calls with a grace period get it on top.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long making a connection may take. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a pull may go without any progress. Default 120 s.</summary>
    public TimeSpan PullIdleTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long a whole pull may take, progress or not. Default 1 h.</summary>
    public TimeSpan PullTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long an upload (<see cref="EngineClient.PutArchive"/>, <see cref="EngineClient.LoadImage"/>) may take. Default 10 min.</summary>
    public TimeSpan UploadTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long <see cref="EngineClient.WaitContainer"/> waits for a container's end. Default 1 h.</summary>
    public TimeSpan WaitTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The largest JSON answer that is read, in bytes. Default 16 MiB.</summary>
    public int MaxAnswerBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The longest line of a stream (pull progress, events) that is read, in bytes. Default 1 MiB.</summary>
    public int MaxLineBytes { get; init; } = 1024 * 1024;

    /// <summary>The largest archive that <see cref="EngineClient.GetArchive"/> hands out, in bytes. Default 64 MiB.</summary>
    public long MaxArchiveBytes { get; init; } = 64L * 1024 * 1024;
}
