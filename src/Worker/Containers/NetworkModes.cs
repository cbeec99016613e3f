namespace DeployHub.Worker.Containers;

/// <summary>What <c>HostConfig.NetworkMode</c> may be besides a network's name or id.</summary>
internal static class NetworkModes
{
    public const string None = "none";
    private const string DefaultBridge = "bridge";

    public static bool IsContainer(string mode) => mode.StartsWith("container:", StringComparison.Ordinal);

    /// <summary>Whether the container is attached to networks, as opposed to being in the host's, in another container's or in none.</summary>
    public static bool HasOwnNetworks(string mode) => !IsContainer(mode) && mode is not ("host" or None);

    /// <summary>The network that a mode stands for.</summary>
    public static string Network(string mode) => mode is "" or "default" ? DefaultBridge : mode;
}
