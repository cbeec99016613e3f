using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DeployHub.Chaos;

/// <summary>What the run came to.</summary>
internal sealed partial class Result
{
    private const int LeastOfAKind = 2;
    private const int PlansPerKill = 5;
    private const int LeastEnds = 4;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private readonly Options _options;
    private readonly IReadOnlyCollection<Kill> _kills;
    private readonly IReadOnlyCollection<Request> _requests;
    private readonly List<(string Name, object Value, bool Ok)> _rows = [];

    public Result(Options options, Stack stack, Traffic traffic, Monkey monkey, TimeSpan took)
    {
        (_options, _kills, _requests) = (options, monkey.Kills, traffic.Requests);
        var accepted = traffic.Requests.Where(x => x.Id is not null).ToList();
        var takeOvers = TakeOvers(stack).Order().ToList();
        Add("seed", options.Seed);
        Add("shape", options.Standalone ? "standalone" : "distributed");
        Add("requests accepted", $"{accepted.OfType<Deploy>().Count()} deploys, {accepted.OfType<Batch>().Count()} batches");
        Add("deploys ended as", Counts(traffic.Deploys.Select(x => x.Status)));
        Add("batches ended as", Counts(traffic.Batches.Select(x => x.Status)));
        Add("cancels accepted", traffic.Deploys.Count(x => x.CancelAccepted));
        Add("former containers kept, with a message", traffic.Deploys.Sum(x => x.Last?["steps"]?.AsArray().Count(step => step!["cleanupMessage"] is not null) ?? 0));
        Add("restart policies", string.Join(", ", Town.Policies));
        Add("restarts survived", Counts(_kills.Select(x => x.Kind)));
        Add("time to take over, p50 and max", takeOvers.Count == 0 ? "none" : string.Create(CultureInfo.InvariantCulture, $"{takeOvers[takeOvers.Count / 2]:0.0} s, {takeOvers[^1]:0.0} s ({takeOvers.Count})"));
        Add("took", string.Create(CultureInfo.InvariantCulture, $"{took.TotalSeconds:0} s"));
        Check("at least one kill for every five plans", _kills.Count, _kills.Count >= options.Plans / PlansPerKill);
        Check("at least two of each kind", stack.Victims.Select(x => x.Kind).Distinct().Count(), stack.Victims.Select(x => x.Kind).Distinct().All(kind => _kills.Count(x => x.Kind == kind) >= LeastOfAKind));
        var ends = traffic.Deploys.Where(x => x.HasEnded).Select(x => x.Status).Distinct().Count();
        Check("different ends of deploys", ends, ends >= Math.Min(LeastEnds, options.Plans));
        Check("programs that ended by themselves", monkey.EndedAlone, monkey.EndedAlone == 0);
    }

    public List<string> Findings { get; } = [];

    public bool Passed => _rows.TrueForAll(x => x.Ok);

    /// <summary>A row that must count nothing; what it counts is listed below the table.</summary>
    public void None(string name, IReadOnlyCollection<string> findings)
    {
        Check(name, findings.Count, findings.Count == 0);
        Findings.AddRange(findings.Select(x => $"{name}: {x}"));
    }

    /// <summary>A row for information; what it counts is listed below the table.</summary>
    public void Tell(string name, IReadOnlyCollection<string> what)
    {
        Add(name, what.Count);
        Findings.AddRange(what.Select(x => $"{name}: {x}"));
    }

    public string Table()
    {
        var width = _rows.Max(x => x.Name.Length);
        var table = new StringBuilder();
        foreach (var (name, value, ok) in _rows)
        {
            table.AppendLine(CultureInfo.InvariantCulture, $"{name.PadRight(width)}  {value}{(ok ? "" : "  <-- not so")}");
        }

        Findings.ForEach(x => table.AppendLine(x));
        return table.ToString();
    }

    public Task Save(string file) => File.WriteAllTextAsync(
        file,
        JsonSerializer.Serialize(
            new { passed = Passed, plans = _options.Plans, rows = _rows.ToDictionary(x => x.Name, x => x.Value), findings = Findings, kills = _kills, requests = _requests.Select(x => x.Last) }, Indented));

    /// <summary>What our programs logged, in order of time.</summary>
    public static Task SaveLogs(Stack stack, string file) => File.WriteAllLinesAsync(
        file, stack.Victims.Where(x => x.IsProgram).SelectMany(victim => Logs(victim).SelectMany(log => File.ReadLines(log).Select(line => $"{line} [{victim.Name} {log}]"))).Order(StringComparer.Ordinal));

    private void Add(string name, object value) => _rows.Add((name, value, true));

    private void Check(string name, int value, bool ok) => _rows.Add((name, value, ok));

    private static string Counts(IEnumerable<string> words) =>
        string.Join(", ", words.GroupBy(x => x).OrderByDescending(x => x.Count()).Select(x => $"{x.Count()} {x.Key}"));

    // Seconds from the kill of a worker to each of its pieces of work being taken up, where nothing else was killed in between.
    private IEnumerable<double> TakeOvers(Stack stack)
    {
        foreach (var line in stack.Victims.Where(x => x.IsProgram).SelectMany(Logs).SelectMany(File.ReadLines))
        {
            if (TakingOver().Match(line) is not { Success: true } match)
            {
                continue;
            }

            var at = DateTime.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
            if (_kills.Where(x => x.At < at).MaxBy(x => x.At) is { Kind: "Worker" or "Standalone" } kill)
            {
                yield return (at - kill.At).TotalSeconds;
            }
        }
    }

    private static IEnumerable<string> Logs(Victim victim) => victim.Logs.Append(Path.Combine(victim.Process.Folder.Path, "dotnet.log")).Where(File.Exists);

    [GeneratedRegex(@"^(\S+Z) .*was left by another worker; taking it over")]
    private static partial Regex TakingOver();
}
