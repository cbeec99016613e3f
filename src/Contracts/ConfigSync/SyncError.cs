namespace DeployHub.Contracts.ConfigSync;

/// <summary>Why an operation or a target failed: a code to branch on and a sentence to act on. Never holds a secret or file content.</summary>
/// <param name="Code">One of <see cref="SyncErrorCodes"/>.</param>
/// <param name="Message">What happened, to what, why, and what to do.</param>
public record SyncError(string Code, string Message);

/// <summary>The codes of <see cref="SyncError"/>. New ones may be added; none changes its meaning.</summary>
public static class SyncErrorCodes
{
    /// <summary>The file is attached to no service, or to none that is on a server.</summary>
    public const string NoTargets = "no_targets";

    /// <summary>The text names a value that the environment does not have.</summary>
    public const string MissingValue = "missing_value";

    /// <summary>With its values in place the file is larger than what is written.</summary>
    public const string TooLarge = "too_large";

    /// <summary>Two operations of the batch, or two attachments, would write different things to one path.</summary>
    public const string DuplicateTarget = "duplicate_target";

    /// <summary>The engine did not answer.</summary>
    public const string EngineUnreachable = "engine_unreachable";

    /// <summary>The engine refused or failed a call in a way that no other code covers.</summary>
    public const string EngineError = "engine_error";

    /// <summary>The path is in none of the folders that may be written on the server, or leaves them through a symbolic link.</summary>
    public const string PathNotAllowed = "path_not_allowed";

    /// <summary>The folder of the target does not exist on the host.</summary>
    public const string MissingFolder = "missing_folder";

    /// <summary>The target is a folder, a device or a link, not a file.</summary>
    public const string TargetIsNoFile = "target_is_no_file";

    /// <summary>The disk of the host is full.</summary>
    public const string DiskFull = "disk_full";

    /// <summary>The folder is mounted read-only.</summary>
    public const string ReadOnly = "read_only";

    /// <summary>The file on the host was changed by somebody else between the snapshot and the write.</summary>
    public const string ChangedOnHost = "changed_on_host";

    /// <summary>What was read back is not what was written.</summary>
    public const string ReadBackDiffers = "read_back_differs";

    /// <summary>A signal cannot reach a container that binds the single file; it has to be restarted.</summary>
    public const string SignalCannotReach = "signal_cannot_reach";

    /// <summary>The file was written, but the container could not be signalled or restarted.</summary>
    public const string ReloadFailed = "reload_failed";

    /// <summary>What was there before could not be brought back; the snapshot is kept.</summary>
    public const string RestoreFailed = "restore_failed";

    /// <summary>The target or the batch used up its time.</summary>
    public const string DeadlineExceeded = "deadline_exceeded";

    /// <summary>A fault in DeployHub itself; its log has the details under the target's id.</summary>
    public const string Internal = "internal";
}
