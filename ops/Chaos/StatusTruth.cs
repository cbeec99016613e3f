using System.Text.Json.Nodes;

namespace DeployHub.Chaos;

/// <summary>Compares each end with what was asked for, with its own steps, and with who was killed meanwhile.</summary>
internal sealed class StatusTruth(Traffic traffic, IReadOnlyCollection<Kill> kills)
{
    private static readonly string[] OfAnEngineThatWasAway =
        ["ENGINE_UNREACHABLE", "ENGINE_ERROR", "CONTAINER_EXITED", "CRASH_LOOP", "START_FAILED", "HEALTH_TIMEOUT", "UNHEALTHY"];

    /// <summary>What an engine that was killed still breaks after it was started again.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(20);

    /// <summary>Statuses that are not true.</summary>
    public List<string> Findings() =>
    [
        .. traffic.Deploys.Where(x => x.HasEnded).Select(x => (x.Id, What: OfDeploy(x))).Concat(traffic.Batches.Where(x => x.HasEnded).Select(x => (x.Id, What: OfBatch(x))))
            .Where(x => x.What is not null).Select(x => $"{x.Id}: {x.What}"),
    ];

    private string? OfDeploy(Deploy deploy)
    {
        var steps = deploy.Last!["steps"]!.AsArray().Select(x => (string)x!["status"]!).ToList();
        var code = (string?)deploy.Last["error"]?["code"];
        var good = Town.Good.Contains(deploy.Tag);
        return deploy.Status switch
        {
            "completed" when !good => $"«completed», and its tag was «{deploy.Tag}»",
            "completed" when deploy.CancelAccepted => "«completed», and its cancel was accepted",
            "completed" when steps.Any(x => x != "success") => $"«completed», and its steps are {string.Join(", ", steps)}",
            "rolled_back" when steps.Any(x => x is "success" or "rollback_failed") => $"«rolled_back», and its steps are {string.Join(", ", steps)}",
            "partially_rolled_back" when !steps.Contains("rollback_failed") && !steps.Contains("failed") => $"«partially_rolled_back», and its steps are {string.Join(", ", steps)}",
            "cancelled" when !deploy.CancelAccepted => "«cancelled», and nobody cancelled it",
            not "completed" and not "cancelled" when code == "INTERNAL" => $"failed by a defect: {deploy.Last["error"]!["message"]}",
            "failed" or "rolled_back" or "partially_rolled_back" when good && !deploy.CancelAccepted && !ByAnEngine(deploy, code) =>
                $"«{deploy.Status}» with {code}, and no engine was away: {deploy.Last["error"]?["message"]}",
            _ => null,
        };
    }

    private string? OfBatch(Batch batch)
    {
        var targets = batch.Last!["operations"]!.AsArray().SelectMany(x => x!["targets"]!.AsArray()).Select(x => (string)x!["status"]!).ToList();
        var good = batch.Files.All(x => x.CanBeWritten);
        return batch.Status switch
        {
            "ok" when !good => "«ok», and one of its files cannot be written",
            "ok" when targets.Any(x => x is not ("written" or "unchanged")) => $"«ok», and its targets are {string.Join(", ", targets)}",
            "rolled_back" when targets.Any(x => x is "written" or "restore_failed") => $"«rolled_back», and its targets are {string.Join(", ", targets)}",
            not "ok" when good && !EngineWasAway(batch.Last) => $"«{batch.Status}», and no engine was away: {batch.Last["error"]?.ToJsonString()}",
            _ => null,
        };
    }

    private bool ByAnEngine(Deploy deploy, string? code) => OfAnEngineThatWasAway.Contains(code) && EngineWasAway(deploy.Last!);

    private bool EngineWasAway(JsonNode ended)
    {
        var (from, to) = ((DateTime)ended["createdAt"]!, (DateTime?)ended["completedAt"] ?? DateTime.MaxValue);
        return kills.Any(x => x.Kind == "Engine" && x.At < to && x.BackAt + Aftermath > from);
    }
}
