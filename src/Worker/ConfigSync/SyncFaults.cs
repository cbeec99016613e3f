using DeployHub.Contracts.ConfigSync;
using DeployHub.Docker;

namespace DeployHub.Worker.ConfigSync;

/// <summary>A target cannot be written, for a reason that the domain expects; it ends the target, and is told to whoever asked.</summary>
public sealed class SyncFailureException(SyncError error) : Exception(error.Message)
{
    public SyncFailureException(string code, string message)
        : this(new SyncError(code, message))
    {
    }

    public SyncError Error { get; } = error;

    /// <summary>It is certain that the host was not changed, although the snapshot was stored for it.</summary>
    public bool Untouched { get; init; }
}

/// <summary>What an engine's or a host's refusal means for the one who reads it.</summary>
internal static class SyncFaults
{
    public static SyncError Explain(EngineException e, string server) => e switch
    {
        EngineUnreachableException or EngineResponseLostException => new(SyncErrorCodes.EngineUnreachable,
            $"The Docker Engine of server «{server}» did not answer. {e.Message} Check that it runs and that its endpoint is right."),
        _ => new(CodeOf(e.Message), $"The Docker Engine of server «{server}» refused. {e.Message}"),
    };

    /// <summary>The host's own words decide: the engine passes them on as text.</summary>
    public static string CodeOf(string said) =>
        Says(said, "no space left on device", "disk quota exceeded") ? SyncErrorCodes.DiskFull
        : Says(said, "read-only file system", "marked read-only") ? SyncErrorCodes.ReadOnly
        : SyncErrorCodes.EngineError;

    public static SyncError Unforeseen(Exception problem) => new(SyncErrorCodes.Internal,
        $"DeployHub failed at this target for a reason it does not know ({problem.GetType().Name}). Its log has the details under the target's id.");

    private static bool Says(string text, params string[] words) => words.Any(word => text.Contains(word, StringComparison.OrdinalIgnoreCase));
}
