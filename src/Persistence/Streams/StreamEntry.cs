namespace DeployHub.Persistence.Streams;

/// <summary>
/// One thing that was told of a plan, a batch or an environment. Entries of a stream are numbered without a gap in the order in which they were
/// committed, so that whoever has seen one has seen all before it, on whichever process.
/// </summary>
public class StreamEntry
{
    /// <summary>The plan, the batch or the environment.</summary>
    public Guid StreamId { get; init; }

    public long Number { get; init; }

    /// <summary>One of <see cref="StreamKinds"/>; in the stream of an environment the name of a public event.</summary>
    public required string Kind { get; init; }

    /// <summary>JSON: a row as it was committed (<see cref="ToldRows"/>), or what the entry itself says.</summary>
    public required string Data { get; init; }

    public DateTime At { get; init; }
}

/// <summary>The number of the last entry of a stream. Its row is locked while entries are added, and stays when they have been forgotten: numbers never start over.</summary>
public class StreamHead
{
    public Guid StreamId { get; init; }
    public long Last { get; init; }
}

/// <summary>What an entry of a plan or a batch is about.</summary>
public static class StreamKinds
{
    /// <summary>The plan or the batch itself has another status.</summary>
    public const string Plan = "plan";

    /// <summary>A step, or a target of a batch, has another status or phase.</summary>
    public const string Step = "step";

    /// <summary>How a pull gets on, or what the new container wrote.</summary>
    public const string Log = "log";

    /// <summary>It has ended. The entry holds nothing: what it tells is how the rows stand.</summary>
    public const string Done = "done";
}
