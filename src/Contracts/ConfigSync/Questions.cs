namespace DeployHub.Contracts.ConfigSync;

/// <summary>Internal: asks a worker what a server's host holds at these paths. Nothing is changed there. Answered with <see cref="HostFilesRead"/>.</summary>
/// <param name="ServerId">The server.</param>
/// <param name="Paths">Absolute paths.</param>
/// <param name="HashesOnly">The contents are not needed; the answer leaves them out.</param>
public record ReadHostFiles(Guid ServerId, List<string> Paths, bool HashesOnly = false);

/// <summary>Internal: the answer to <see cref="ReadHostFiles"/>, one file for each path asked for.</summary>
/// <param name="Files">The files, in any order.</param>
public record HostFilesRead(List<HostFile> Files);

/// <summary>Internal: what a host holds at a path.</summary>
/// <param name="Path">The path as it was asked for.</param>
/// <param name="Exists">False when nothing is there.</param>
/// <param name="SealedContent">The bytes, encrypted: a queue is no place for what they may hold.</param>
/// <param name="Hash"><c>sha256:…</c> of the bytes.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Uid">The owner.</param>
/// <param name="Gid">The owner's group.</param>
/// <param name="Error">Why it could not be read.</param>
public record HostFile(string Path, bool Exists, byte[]? SealedContent, string? Hash, int? Mode, int? Uid, int? Gid, SyncError? Error);
