using DeployHub.Bench.Setup;

namespace DeployHub.Bench.Deploy;

/// <summary>How fast containers are replaced, how soon a deploy begins, and what the processes hold afterwards.</summary>
internal static class DeployBench
{
    public static async Task<Report> Run(bool quick)
    {
        var report = new Report();
        Console.Error.WriteLine("starting an engine, a registry, PostgreSQL, RabbitMQ and DeployHub in both shapes");
        await using var bed = await Testbed.Start();
        await Replacing.Measure(bed, report, quick);
        await Memory.Measure(bed, report);
        await FirstCall.Measure(bed, report);
        return report;
    }
}
