using System.Text.Json.Nodes;

namespace DeployHub.Demo;

/// <summary>A service's container as the engine itself shows it.</summary>
internal sealed record Standing(string ContainerId, string ImageId, string Digest, bool IsRunning, string Check, string Policy, string Since)
{
    public static async Task<Standing?> Find(DemoEngine engine, string container)
    {
        if (await engine.DockerLines("ps", "-aq", "--filter", $"name=^/{container}$") is [])
        {
            return null;
        }

        var seen = JsonNode.Parse(await engine.Docker("inspect", "--type", "container", container))![0]!;
        var image = JsonNode.Parse(await engine.Docker("image", "inspect", (string)seen["Image"]!))![0]!;
        return new Standing(
            (string)seen["Id"]!,
            (string)seen["Image"]!,
            string.Join(' ', image["RepoDigests"]!.AsArray().Select(x => ((string)x!).Split('@')[1])),
            (bool)seen["State"]!["Running"]!,
            (string?)seen["State"]!["Health"]?["Status"] ?? "none",
            (string)seen["HostConfig"]!["RestartPolicy"]!["Name"]!,
            (string)seen["State"]!["StartedAt"]!);
    }
}
