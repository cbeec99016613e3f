using DeployHub.Bench.Setup;

namespace DeployHub.Bench.Deploy;

/// <summary>How fast containers are replaced, and how soon a deploy begins.</summary>
internal static class DeployBench
{
    public static async Task Run(Report report, bool quick)
    {
        Console.Error.WriteLine("starting an engine, a registry, PostgreSQL, RabbitMQ and DeployHub in both shapes");
        await using var bed = await Testbed.Start();
        await FirstCall.Measure(bed, report, quick);
        await Replacing.Measure(bed, report, quick);
    }

    /// <summary>The sizes that take minutes each, however many rounds: nothing of it is quick.</summary>
    public static async Task RunLong(Report report, bool quick)
    {
        Console.Error.WriteLine("starting an engine, a registry, PostgreSQL, RabbitMQ and DeployHub in both shapes");
        await using var bed = await Testbed.Start();
        await Replacing.MeasureLong(bed, report);
    }
}
