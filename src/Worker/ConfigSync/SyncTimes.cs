namespace DeployHub.Worker.ConfigSync;

/// <summary>How long the parts of a batch may take, and how much of it is under way at once.</summary>
internal static class SyncTimes
{
    public const int TargetsAtOnce = 8;

    /// <summary>Writing one target, its container's restart included.</summary>
    public static readonly TimeSpan Write = TimeSpan.FromMinutes(3);

    /// <summary>Bringing one target back; an engine that is down may come up again within it.</summary>
    public static readonly TimeSpan Restore = TimeSpan.FromMinutes(10);

    /// <summary>Removing the helpers.</summary>
    public static readonly TimeSpan CleanUp = TimeSpan.FromMinutes(10);

    /// <summary>How long a batch may wait for others that hold its targets.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromHours(24);

    /// <summary>A batch of so many targets, once it holds them.</summary>
    public static TimeSpan Batch(int targets) => TimeSpan.FromMinutes(10) + ((targets + TargetsAtOnce - 1) / TargetsAtOnce * Write);
}
