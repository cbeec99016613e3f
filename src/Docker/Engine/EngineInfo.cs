namespace DeployHub.Docker;

/// <summary>Who an engine is (Engine API, System: <c>GET /info</c>).</summary>
/// <param name="Id">
/// The engine's identity, as <c>ID@host:/folder</c>. It survives restarts and tells whether two endpoints lead to the same engine. The ID alone
/// does not: it stands in a key file that cloned machines, and two engines on one machine, share.
/// </param>
/// <param name="Name">The host's name.</param>
/// <param name="ServerVersion">The version of dockerd, as in <c>20.10.24</c>.</param>
/// <param name="ApiVersion">The version of the Engine API that this client speaks with it, as in <c>1.41</c>.</param>
/// <param name="OsType"><c>linux</c> or <c>windows</c>.</param>
/// <param name="Architecture">The machine's, as in <c>x86_64</c> or <c>aarch64</c>.</param>
/// <param name="NCpu">How many CPUs it has.</param>
public sealed record EngineInfo(string Id, string Name, string ServerVersion, string ApiVersion, string OsType, string Architecture, int NCpu);
