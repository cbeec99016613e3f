namespace DeployHub.Bench.Deploy;

/// <summary>What a fleet's services say beside their names.</summary>
/// <param name="Container">How the container is made.</param>
/// <param name="Health">The gate; null leaves it out.</param>
internal sealed record Service(object Container, object? Health)
{
    private static readonly object NoGate = new { minHealthySeconds = 0 };

    /// <summary>Declares nothing, holds the default gate.</summary>
    public static readonly Service Default = new(new { }, null);

    /// <summary>Declares nothing but that it serves as soon as it runs.</summary>
    public static readonly Service WithoutGate = new(new { }, NoGate);

    /// <summary>The same without a network, which costs the engine more than all the rest.</summary>
    public static readonly Service WithoutNetwork = new(new { networks = new[] { "none" } }, NoGate);

    public object Body(string name, string containerImageId) => Health is null
        ? new { name, containerImageId, container = Container }
        : new { name, containerImageId, container = Container, health = Health };
}
