namespace DeployHub.Worker.Deployments;

/// <summary>How long the parts of a step may take.</summary>
internal static class StepTimes
{
    /// <summary>One step in all, its gate excluded: a large image over a slow line, and the stop's grace.</summary>
    public static readonly TimeSpan Deploy = TimeSpan.FromMinutes(20);

    /// <summary>Bringing one step back, its gate excluded; an engine that is down may come up again within it.</summary>
    public static readonly TimeSpan Rollback = TimeSpan.FromMinutes(10);

    /// <summary>Removing what a step left over.</summary>
    public static readonly TimeSpan Finalize = TimeSpan.FromMinutes(10);

    /// <summary>How long an engine may be away before a plan that is being prepared fails: nothing is begun yet, and it may be sent again.</summary>
    public static readonly TimeSpan PreparePatience = TimeSpan.FromSeconds(10);

    /// <summary>How long an engine, or an image's registry, may be away before a step that has not touched anything fails: long enough for its restart.</summary>
    public static readonly TimeSpan UntouchedPatience = TimeSpan.FromSeconds(30);
}
