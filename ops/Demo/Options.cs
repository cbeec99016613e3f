namespace DeployHub.Demo;

/// <summary>What <c>ops/demo</c> was asked for; that script checks the arguments and explains them.</summary>
/// <param name="Distributed">PostgreSQL, RabbitMQ, one Api and two Workers, instead of one process.</param>
/// <param name="Keep">Stay until a signal comes.</param>
/// <param name="JsonFile">Where the closing table goes, or null.</param>
internal sealed record Options(bool Distributed, bool Keep, string? JsonFile)
{
    public string Shape => Distributed ? "distributed" : "standalone";

    public static Options Read(string[] args)
    {
        var json = Array.IndexOf(args, "--json");
        return new Options(args.Contains("--distributed"), args.Contains("--keep"), json < 0 ? null : args[json + 1]);
    }
}
