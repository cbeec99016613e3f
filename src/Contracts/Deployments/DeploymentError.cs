namespace DeployHub.Contracts.Deployments;

/// <summary>Why a plan or a step failed: a code to branch on, a sentence to act on, and the evidence.</summary>
/// <param name="Code">One of <see cref="DeploymentErrorCodes"/>.</param>
/// <param name="Message">What happened, to what, why, and what to do. Never holds a secret.</param>
/// <param name="StepId">The step that it happened in, where there is one.</param>
/// <param name="ExitCode">The container's exit code, where it exited.</param>
/// <param name="Health">The last health check's or probe's output, where there was one.</param>
/// <param name="LogTail">The container's last 50 log lines, at most 16 KiB, where it had begun.</param>
public record DeploymentError(
    string Code, string Message, Guid? StepId = null, long? ExitCode = null, string? Health = null, string? LogTail = null);
