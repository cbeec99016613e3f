using System.Globalization;
using System.Text.Json.Nodes;
using DeployHub.Servers;

namespace DeployHub.Chaos;

/// <summary>Compares the containers that the engines hold with what the plans' statuses say, all plans of a place taken in the order in which they began.</summary>
internal sealed class ContainerTruth(Stack stack, Town town, Traffic traffic, IReadOnlyCollection<Kill> kills)
{
    private const string Nothing = "";

    /// <summary>
    /// Containers that an engine which was killed left lying, long after DeployHub had done its part. It was about to start one by itself when it was killed again,
    /// and refuses it since by its own word; or it ended one at its own start and took that for somebody's stop, so that «unless-stopped» does
    /// not bring it back (https://github.com/moby/moby/issues/41302).
    /// </summary>
    public List<string> LeftByEngine { get; } = [];

    /// <summary>What is not as the API says it is.</summary>
    public async Task<List<string>> Findings()
    {
        var expected = Expected();
        var findings = new List<string>();
        LeftByEngine.Clear();
        for (var engine = 0; engine < stack.Engines.Length; engine++)
        {
            var seen = await Containers(stack.Engines[engine]);
            foreach (var (place, should) in expected.Where(x => x.Key.Engine == engine))
            {
                findings.AddRange(Compare(stack.Engines[engine].Name, place, should, seen).Select(x => string.Join($"{Environment.NewLine}    ", should.Plans.Prepend(x))));
            }

            findings.AddRange(seen.Where(x => x.Name.StartsWith("deployhub-", StringComparison.Ordinal)).Select(x => $"{stack.Engines[engine].Name}: {x.Name} was left over"));
        }

        return findings;
    }

    private Dictionary<Place, Expectation> Expected()
    {
        var expected = town.Apps.SelectMany(x => x.Places).ToDictionary(x => x, _ => new Expectation());
        foreach (var deploy in traffic.Deploys.Where(x => x.Last?["startedAt"] is not null).OrderBy(x => (DateTime)x.Last!["startedAt"]!))
        {
            foreach (var step in deploy.Last!["steps"]!.AsArray())
            {
                var engine = Array.FindIndex(stack.Engines, x => x.Name == (string)step!["server"]!["name"]!);
                var place = deploy.App.Places.Single(x => x.Engine == engine && x.Container == (string)step!["containerName"]!);
                Apply(expected[place], deploy, step!);
            }
        }

        return expected;
    }

    private static void Apply(Expectation place, Deploy deploy, JsonNode step)
    {
        var id = (string)step["id"]!;
        var kept = deploy.Status is "failed" or "cancelled";
        place.Plans.Add($"{deploy.Id} {deploy.Tag} {deploy.Status}, step {id[^12..]} {step["status"]} {step["error"]?["code"]} {step["completedAt"]} {step["cleanupMessage"]}");
        switch ((string)step["status"]!)
        {
            case "success":
                (place.Steps, place.Certain, place.MayKeepFormer) = ([id], true, kept || step["cleanupMessage"] is not null);
                break;
            case "rollback_failed":
            case "failed" when kept && !(bool)step["restored"]!:
                place.Steps.Add(id);
                (place.Certain, place.MayKeepFormer) = (false, true);
                break;
            default:
                return;
        }

        place.Touched = (DateTime?)step["completedAt"] ?? place.Touched;
    }

    private IEnumerable<string> Compare(string engine, Place place, Expectation should, List<Container> seen)
    {
        var where = $"{engine}: {place.Container} ({place.Policy})";
        var serving = seen.SingleOrDefault(x => x.Name == place.Container);
        if (!should.Steps.Contains(serving?.Step ?? Nothing))
        {
            yield return $"{where} is of step {serving?.Step ?? "none"}, not of {string.Join(" or ", should.Steps.Select(x => x.Length == 0 ? "none" : x))}";
        }
        else if (serving is not null && should.Certain && serving.Policy != place.Policy)
        {
            yield return $"{where} has the restart policy {serving.Policy}";
        }
        else if (serving is not null && should.Certain && !serving.Running && !MayStandStill(place, should))
        {
            var finding = $"{where} is {serving.State}: {serving.Id}";
            if (WasKilledAfter(place, should) && (serving.IsRefused || WasEndedByItsEnginesStart(place, serving)))
            {
                LeftByEngine.Add(finding);
            }
            else
            {
                yield return finding;
            }
        }

        foreach (var extra in seen.Where(x => x.Name.StartsWith(place.Container + ".", StringComparison.Ordinal)))
        {
            if (!should.MayKeepFormer || extra.Running)
            {
                yield return $"{where}: {extra.Name} was left over, {extra.State}";
            }
        }
    }

    // An engine that was killed ends its containers at its next start, and brings back those whose policy says so.
    private bool MayStandStill(Place place, Expectation should) =>
        place.Policy is "no" or "on-failure" && WasKilledAfter(place, should);

    // Nobody else can have: between the kill and the start nobody could ask the engine for anything.
    private bool WasEndedByItsEnginesStart(Place place, Container container) =>
        kills.Any(x => x.Name == stack.Engines[place.Engine].Name && x.At < container.EndedAt && container.EndedAt < x.BackAt);

    private bool WasKilledAfter(Place place, Expectation should) => kills.Any(x => x.Name == stack.Engines[place.Engine].Name && x.BackAt > should.Touched);

    private static async Task<List<Container>> Containers(DockerEngine engine)
    {
        var ids = (await engine.Docker("ps", "-aq", "--no-trunc")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (ids.Length == 0)
        {
            return [];
        }

        var lines = await engine.Docker(
            ["inspect", "-f", "{{.Name}}\t{{.State.Status}}\t{{.HostConfig.RestartPolicy.Name}}\t{{index .Config.Labels \"deployhub.step\"}}\t{{.Id}} exit {{.State.ExitCode}} {{.State.StartedAt}} to {{.State.FinishedAt}} {{.State.Error}}\t{{.State.FinishedAt}}", .. ids]);
        return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(x => x.Split('\t')).Select(x => new Container(x[0].TrimStart('/'), x[1], x[2], x[3].Trim(), x[4].Trim(), DateTime.Parse(x[5].Trim(), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal)))];
    }

    private sealed record Container(string Name, string State, string Policy, string Step, string Id, DateTime EndedAt)
    {
        public bool Running => State == "running";

        /// <summary>Its engine holds a remnant of a start that was cut off.</summary>
        public bool IsRefused => Id.Contains(": already exists", StringComparison.Ordinal) || Id.EndsWith("id already in use", StringComparison.Ordinal);
    }

    private sealed class Expectation
    {
        /// <summary>The steps whose container may have the place's name.</summary>
        public HashSet<string> Steps { get; set; } = [Nothing];

        public bool Certain { get; set; } = true;

        /// <summary>A plan that failed and was kept keeps the former container too, stopped; so does one that says that it could not be removed.</summary>
        public bool MayKeepFormer { get; set; }

        public DateTime Touched { get; set; } = DateTime.MinValue;

        /// <summary>What befell the place, in words.</summary>
        public List<string> Plans { get; } = [];
    }
}
