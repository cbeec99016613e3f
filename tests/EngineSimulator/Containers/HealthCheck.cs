using System.Text.Json.Nodes;

namespace DeployHub.EngineSimulator.Containers;

/// <summary>A container's health check: what it always says, and how often. A check that is no line of shell is well.</summary>
internal sealed record HealthCheck(TimeSpan Interval, int Retries, int ExitCode, string Output)
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(30);

    public static HealthCheck? Of(Container container)
    {
        var check = container.Config["Healthcheck"];
        string[] command = Container.Texts(check?["Test"]) switch
        {
            ["CMD", .. var program] => program,
            ["CMD-SHELL", var line] => ["/bin/sh", "-c", line],
            _ => [],
        };
        if (command.Length == 0)
        {
            return null;
        }

        var script = Script.Of(command);
        return new(
            (long?)check!["Interval"] is > 0 and var nanoseconds ? TimeSpan.FromTicks(nanoseconds / 100) : DefaultInterval,
            (int?)check["Retries"] is > 0 and var retries ? retries : 3, script.ExitCode ?? 0, string.Concat(script.Acts.Select(act => act.Text)));
    }
}
