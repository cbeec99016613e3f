using DeployHub.Servers;

namespace DeployHub.Demo;

/// <summary>The three services that are deployed, and the versions of their image.</summary>
internal static class Shop
{
    public const string Repository = "deployhub-demo/shop";
    public const string Broken = "payments";
    public const string BrokenBecause = "v3 does not speak to the payment gateway";
    public static readonly string[] Services = ["catalog", "payments", "web"];
    private const string Shell = "/bin/busybox";

    /// <summary>What a service answers at <c>/</c>, by which versions are told apart.</summary>
    public static string Text(string version) => $"shop {version}";

    public static string Container(string service, string run) => $"deployhub-demo-{service}-{run}";

    /// <summary>The body that creates a service.</summary>
    /// <param name="service">Its name.</param>
    /// <param name="imageId">Its image, as DeployHub knows it.</param>
    /// <param name="port">Where it answers.</param>
    /// <param name="disk">A volume with the rules of the payments; the others have none.</param>
    public static object Declare(string service, string imageId, int port, string disk) => new
    {
        name = service,
        containerImageId = imageId,
        container = new
        {
            ports = new[] { new { containerPort = 8080, hostPort = port, hostIp = "127.0.0.1" } },
            volumes = service == Broken ? new[] { new { source = disk, target = "/etc/payments", readOnly = true } } : [],
            env = service == Broken ? new Dictionary<string, string> { ["PAYMENT_GATEWAY"] = "https://pay.example.com" } : [],
        },
    };

    /// <summary>A web server whose HEALTHCHECK asks itself.</summary>
    public static TestImage Version(string version, Owner owner) => TestImage.Serving(Text(version)) with
    {
        Labels = new Dictionary<string, string> { [Owner.Key] = owner.Value },
        Health = Check($"{Shell} wget -q -O /dev/null http://127.0.0.1:8080/"),
    };

    /// <summary>The same, but its HEALTHCHECK fails where a payment gateway is set.</summary>
    public static TestImage VersionThatFails(string version, Owner owner) => Version(version, owner) with
    {
        Health = Check($"[ -z \"$PAYMENT_GATEWAY\" ] || {{ echo \"{BrokenBecause} at $PAYMENT_GATEWAY\"; exit 1; }}"),
    };

    private static HealthCheck Check(string script) => new([Shell, "sh", "-c", script], TimeSpan.FromSeconds(1), Retries: 2);
}
