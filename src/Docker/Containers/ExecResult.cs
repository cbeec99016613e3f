namespace DeployHub.Docker;

/// <summary>How a program that ran beside a container's own ended.</summary>
/// <param name="ExitCode">Its exit code; 126 and 127 when it could not be started.</param>
/// <param name="Output">Standard output and error as they came, the last bytes when there were too many.</param>
/// <param name="Truncated">Whether the beginning of the output is missing.</param>
public sealed record ExecResult(int ExitCode, string Output, bool Truncated);
